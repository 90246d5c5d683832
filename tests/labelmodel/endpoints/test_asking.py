"""Many questions, with real Redis and a server that speaks the protocol."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis, RedisError

from annotation.importing.connecting import Patience
from labelmodel.endpoints import usage
from labelmodel.endpoints.answers import RedisAnswers
from labelmodel.endpoints.asking import RESTING, Asked, ask_all
from labelmodel.endpoints.client import Endpoint, written
from labelmodel.endpoints.keys import Key, KeyLimits, Secret
from labelmodel.endpoints.pool import Pauses, Pool
from labelmodel.endpoints.prompting import Form, Named, Prompt, Settings, body_of
from labelmodel.endpoints.source import Budget, Forms, Limits, Source
from tests.labelmodel.endpoints.stub import KEYS, Request, Said, Stub, completion, labeled, problem, sensible

PROMPT = Prompt("Judge.", ("text",), (Named("positive"), Named("negative")))
SETTINGS = Settings("model-1")
LIMITS = Limits(at_once=4, seconds=60.0, longest_wait=1.0)
QUICK = Patience(silence=0.5, altogether=1.0)
NO_LIMITS = KeyLimits()


def keys(count: int = 3, limits: KeyLimits = NO_LIMITS) -> list[Key]:
    return [Key(f"key{number}", Secret(text), limits) for number, text in enumerate(KEYS[:count])]


def source_of(redis: Redis, name: str, stub: Stub, *, of: list[Key] | None = None, **more: Any) -> Source:
    pool = Pool(redis, name, keys() if of is None else of, pauses=more.pop("pauses", Pauses()))
    answers = more.pop("answers", RedisAnswers(redis, name))
    return Source(Endpoint(stub.base_url, private=True), pool, answers, QUICK, **more)


@pytest.fixture
def source(redis: Redis, name: str, stub: Stub) -> Source:
    return source_of(redis, name, stub)


def ask(source: Source, texts: list[str], *, limits: Limits = LIMITS, forms: Forms | None = None) -> Asked:
    def write(position: int, form: Form) -> bytes:
        return written(body_of(PROMPT, {"text": texts[position]}, SETTINGS, form))

    return ask_all(
        source,
        len(texts),
        write,
        subject=SETTINGS.model,
        tokens=lambda body: 100,
        forms=forms or Forms("json_schema"),
        limits=limits,
    )


def texts(count: int, word: str = "good") -> list[str]:
    return [f"{word} {number}" for number in range(count)]


def failing_once(*first: Said) -> Any:
    """The given ones first, then what is sensible."""
    coming, lock = iter(first), threading.Lock()

    def does(request: Request) -> Said:
        with lock:
            said = next(coming, None)
        return said or sensible(request)

    return does


def test_each_question_is_asked_once_and_all_are_answered(source: Source, stub: Stub) -> None:
    asked = ask(source, texts(40))

    assert set(asked.answers) == set(range(40))
    assert (asked.refused, asked.unseen, asked.stopped) == ({}, {}, "")
    assert asked.requests == len(stub.asked) == 40
    assert len({request.item["text"] for request in stub.asked}) == 40


def test_keys_share_the_work(source: Source, stub: Stub) -> None:
    ask(source, texts(30))

    assert set(Counter(request.key for request in stub.asked)) == set(KEYS)
    assert min(Counter(request.key for request in stub.asked).values()) >= 5


def test_no_more_are_on_their_way_than_allowed(source: Source, stub: Stub) -> None:
    stub.does = lambda request: replace(sensible(request), late=0.02)
    ask(source, texts(30), limits=replace(LIMITS, at_once=3))

    assert stub.most_flying <= 3


def test_equal_questions_are_paid_for_once(source: Source, stub: Stub) -> None:
    asked = ask(source, ["good", "bad", "good", "good"])

    assert set(asked.answers) == {0, 1, 2, 3}
    assert asked.answers[0] == asked.answers[3] != asked.answers[1]
    assert len(stub.asked) == 2


def test_what_was_answered_before_is_not_asked_again(source: Source, stub: Stub) -> None:
    ask(source, ["good", "bad"])
    asked = ask(source, ["bad", "good", "new"])

    assert (set(asked.answers), asked.requests) == ({0, 1, 2}, 1)
    assert len(stub.asked) == 3


def test_nothing_to_ask_is_no_error(source: Source, stub: Stub) -> None:
    assert ask(source, []) == Asked({}, {}, {})


def test_a_limited_key_cools_down_and_another_goes_on(redis: Redis, name: str, stub: Stub) -> None:
    limited: list[float] = []

    def does(request: Request) -> Said:
        if request.key == KEYS[0]:
            limited.append(request.at)
            return problem(429, "Rate limit reached", Retry_After="30")
        return sensible(request)

    stub.does = does
    asked = ask(source_of(redis, name, stub), texts(30))

    assert set(asked.answers) == set(range(30))
    assert 1 <= len(limited) <= LIMITS.at_once
    assert usage.key_state(redis, name, keys()[0]).cooling_until is not None


def test_a_denied_key_is_switched_off_and_another_goes_on(redis: Redis, name: str, stub: Stub) -> None:
    stub.keys = {KEYS[2]}
    asked = ask(source_of(redis, name, stub), texts(10), limits=replace(LIMITS, at_once=1))

    assert set(asked.answers) == set(range(10))
    assert Counter(request.key for request in stub.asked) == {KEYS[0]: 1, KEYS[1]: 1, KEYS[2]: 10}
    state = usage.key_state(redis, name, keys()[0])
    assert state.off_why == "401: Incorrect API key provided: …0001."


@pytest.mark.parametrize("status", [403, 429])
def test_all_keys_cooling_down_is_an_answer_with_a_time(
    redis: Redis, name: str, stub: Stub, status: int
) -> None:
    stub.does = lambda _: problem(status, "No.", Retry_After="40")
    asked = ask(source_of(redis, name, stub), texts(50))

    assert not asked.answers
    assert set(asked.unseen) == set(range(50))
    assert asked.stopped == "All keys are cooling down."
    assert asked.again_in == pytest.approx(40, abs=3)
    assert len(stub.asked) <= 3 * LIMITS.at_once
    before = len(stub.asked)
    assert ask(source_of(redis, name, stub), texts(50)).stopped == "All keys are cooling down."
    assert len(stub.asked) == before


def test_a_short_pause_is_waited_for(redis: Redis, name: str, stub: Stub) -> None:
    stub.does = failing_once(problem(429, "Slow down", Retry_After="0.3"))
    asked = ask(source_of(redis, name, stub, of=keys(1)), texts(5), limits=replace(LIMITS, at_once=1))

    assert set(asked.answers) == set(range(5))
    assert len(stub.asked) == 6
    moments = [request.at for request in stub.asked]
    assert moments[1] - moments[0] >= 0.29


def test_without_a_key_that_is_on_nothing_is_asked(redis: Redis, name: str, stub: Stub) -> None:
    stub.keys = set()
    asked = ask(source_of(redis, name, stub), texts(20))

    assert asked.stopped == "No key of this endpoint is switched on."
    # Somebody has to put one back; it is of no use to look often.
    assert asked.again_in == 300
    assert set(asked.unseen) == set(range(20))
    assert len(stub.asked) <= 3 * LIMITS.at_once
    assert ask(source_of(redis, name, stub, of=[]), texts(2)).stopped == asked.stopped


def test_limits_of_keys_hold_over_calls(redis: Redis, name: str, stub: Stub) -> None:
    three = keys(limits=KeyLimits(requests_a_minute=4))
    first = ask(source_of(redis, name, stub, of=three), texts(20))
    second = ask(source_of(redis, name, stub, of=three), texts(20))

    assert (len(first.answers), len(second.answers), len(stub.asked)) == (12, 12, 12)
    assert first.stopped == "All keys have sent as many requests as they may in a minute."
    assert first.again_in is not None
    assert 30 < first.again_in <= 60


def test_a_budget_holds_over_calls(redis: Redis, name: str, stub: Stub) -> None:
    source = source_of(redis, name, stub, budget=Budget(7))
    first, second = ask(source, texts(5)), ask(source, texts(20))

    assert (len(first.answers), len(second.answers), len(stub.asked)) == (5, 7, 7)
    assert second.stopped == "As many requests were sent as may be sent."


def test_a_budget_pays_for_what_is_sent_only(redis: Redis, name: str, stub: Stub) -> None:
    budget = Budget(5)
    ask(source_of(redis, name, stub, of=[], budget=budget), texts(5))

    assert budget.left == 5


@pytest.mark.parametrize(
    "fault",
    [
        problem(500, "Oh"),
        problem(503, "Overloaded"),
        Said(200, b"{broken"),
        Said(only=-1),
        Said(200, labeled("positive").body, only=15),
        Said(late=5.0),
    ],
)
def test_what_the_endpoint_fails_on_is_unseen_and_asked_later(
    source: Source, stub: Stub, redis: Redis, fault: Said
) -> None:
    stub.does = failing_once(fault)
    one = replace(LIMITS, at_once=1)
    first, again = ask(source, texts(3), limits=one), ask(source, texts(3), limits=one)
    redis.delete(*redis.scan_iter("*:rest:*"))
    later = ask(source, texts(3), limits=one)

    assert (set(first.answers), set(first.unseen)) == ({1, 2}, {0})
    assert (again.unseen, again.requests) == ({0: RESTING}, 0)
    assert (set(later.answers), later.requests) == ({0, 1, 2}, 1)


def test_an_endpoint_that_is_down_gets_few_requests(redis: Redis, name: str, stub: Stub) -> None:
    stub.does = lambda _: problem(500, "Down")
    for _ in range(3):
        asked = ask(source_of(redis, name, stub), texts(200))

    assert not asked.answers
    assert set(asked.unseen) == set(range(200))
    assert asked.stopped == "The endpoint failed several times and is given a rest."
    assert asked.again_in is not None
    assert len(stub.asked) <= 3 + LIMITS.at_once


def test_a_question_that_is_too_long_is_refused_for_good(source: Source, stub: Stub) -> None:
    too_long = problem(
        400, "This model's maximum context length is 10 tokens.", code="context_length_exceeded"
    )
    stub.does = lambda request: too_long if "long" in request.item["text"] else sensible(request)
    asked = ask(source, ["good", "long", "bad"])

    assert set(asked.answers) == {0, 2}
    assert "maximum context length" in asked.refused[1]


def test_a_doubtful_no_among_answers_is_about_the_question(source: Source, stub: Stub) -> None:
    stub.does = lambda request: problem(400, "Bad") if "odd" in request.item["text"] else sensible(request)
    asked = ask(source, ["odd", "good", "bad"])

    assert (asked.refused, set(asked.answers)) == ({0: "400: Bad"}, {1, 2})


def test_a_doubtful_no_to_everything_is_about_the_settings(source: Source, stub: Stub) -> None:
    stub.does = lambda _: problem(400, "Unknown parameter: 'seed'.")
    asked = ask(source, texts(100))

    assert not asked.refused
    assert set(asked.unseen) == set(range(100))
    assert asked.stopped == "400: Unknown parameter: 'seed'."
    assert len(stub.asked) <= 5 + LIMITS.at_once


def test_a_model_that_is_not_there_is_asked_for_ever_more_rarely(
    source: Source, stub: Stub, redis: Redis
) -> None:
    stub.does = lambda _: problem(404, "The model does not exist.")
    first, second = ask(source, texts(100)), ask(source, texts(100))

    assert first.stopped == "404: The model does not exist."
    assert first.again_in == 60
    assert "later" in second.stopped
    assert second.requests == 0
    assert len(stub.asked) <= LIMITS.at_once
    redis.delete(*redis.scan_iter("*:rest:*"))
    assert ask(source, texts(100)).again_in == 600


def test_where_an_endpoint_sends_requests_elsewhere_nothing_follows(source: Source, stub: Stub) -> None:
    stub.does = lambda _: Said(307, b"", {"Location": f"{stub.base_url}/other"})
    asked = ask(source, texts(10))

    assert "final address" in asked.stopped
    assert len(stub.asked) <= LIMITS.at_once


def test_a_form_that_is_not_known_gives_way_to_the_one_chosen(source: Source, stub: Stub) -> None:
    stub.forms = ("json_object", "text")
    forms = Forms("json_schema", "json_object")
    asked = ask(source, texts(20), forms=forms)
    told = Counter(request.body["response_format"]["type"] for request in stub.asked)

    assert set(asked.answers) == set(range(20))
    assert told["json_object"] == 20
    assert told["json_schema"] <= LIMITS.at_once
    assert forms.now == "json_object"
    assert ask(source, texts(20), forms=Forms("json_schema", "json_object")).requests <= LIMITS.at_once


def test_a_form_that_is_not_known_stops_where_no_other_was_chosen(source: Source, stub: Stub) -> None:
    stub.forms = ("text",)
    for forms in (Forms("json_schema"), Forms("json_object", "json_schema")):
        asked = ask(source, texts(10), forms=forms)
        assert "response_format" in asked.stopped or "later" in asked.stopped
        assert set(asked.unseen) == set(range(10))


def test_cancelling_ends_what_is_on_its_way(redis: Redis, name: str, stub: Stub) -> None:
    stub.does = lambda request: replace(sensible(request), late=30.0 if "7" in request.item["text"] else 0.0)
    patience = Patience(silence=60.0, altogether=60.0)
    source = replace(source_of(redis, name, stub, cancelled=lambda: len(stub.asked) >= 8), patience=patience)
    started = time.monotonic()
    asked = ask(source, texts(8))

    assert time.monotonic() - started < 25
    assert asked.stopped == "Cancelled."
    assert set(asked.answers) == set(range(7))
    assert asked.unseen == {7: "Cancelled."}
    states = [usage.key_state(redis, name, key) for key in keys()]
    assert sum(state.used.errors + state.in_flight for state in states) == 0
    assert source.answers.resting([]) == {}


def test_who_is_stopped_while_waiting_stops_the_threads(redis: Redis, name: str, stub: Stub) -> None:
    stub.does = lambda request: replace(sensible(request), late=30.0)

    def cancelled() -> bool:
        raise TimeoutError("the worker's time is over")

    with pytest.raises(TimeoutError, match="worker"):
        ask(source_of(redis, name, stub, cancelled=cancelled), texts(20))
    assert len(stub.asked) <= LIMITS.at_once


def test_the_time_of_a_call_is_kept(source: Source, stub: Stub) -> None:
    stub.does = lambda request: replace(sensible(request), late=0.1)
    asked = ask(source, texts(100), limits=replace(LIMITS, seconds=0.35))

    assert asked.stopped == "The time of this call is over."
    assert 0 < len(asked.answers) < 100
    assert len(asked.answers) + len(asked.unseen) == 100


def test_without_redis_nothing_is_sent(stub: Stub) -> None:
    nowhere = Redis(unix_socket_path="/nonexistent/redis.sock", retry=None)
    source = Source(
        Endpoint(stub.base_url, private=True), Pool(nowhere, "x", keys()), RedisAnswers(nowhere, "x")
    )
    asked = ask(source, texts(5))

    assert "Redis" in asked.stopped
    assert set(asked.unseen) == set(range(5))
    assert stub.asked == []


def test_an_answer_is_kept_though_redis_goes_away_meanwhile(redis: Redis, name: str, stub: Stub) -> None:
    class Forgetful(RedisAnswers):
        def keep(self, *_: Any) -> None:
            raise RedisError("away")

    source = source_of(redis, name, stub, answers=Forgetful(redis, name))
    asked = ask(source, texts(10), limits=replace(LIMITS, at_once=1))

    assert set(asked.answers) == {0}
    assert len(asked.unseen) == 9
    assert "Redis" in asked.stopped


def test_answers_without_a_label_are_answers(source: Source, stub: Stub) -> None:
    stub.does = lambda _: completion("Hm.", tokens=(10, 2))

    assert ask(source, ["good"]).answers[0].text == "Hm."
