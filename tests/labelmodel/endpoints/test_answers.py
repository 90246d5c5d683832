"""What was answered is kept for some days, and what failed is left alone, longer each time."""

from __future__ import annotations

import pytest
from redis import Redis

from labelmodel.endpoints.answers import Answer, RedisAnswers, digest_of

ANSWER = Answer("positive", "", "stop", 0.5)


def test_an_answer_is_kept(redis: Redis, name: str) -> None:
    RedisAnswers(redis, name).keep("d1", ANSWER)

    assert RedisAnswers(redis, name).known(["d0", "d1"]) == {"d1": ANSWER}
    assert RedisAnswers(redis, f"{name}-other").known(["d1"]) == {}
    assert RedisAnswers(redis, name).known([]) == {}


def test_everything_kept_ends(redis: Redis, name: str) -> None:
    answers = RedisAnswers(redis, name, days=3)
    answers.keep("d1", ANSWER)
    answers.rest("d2")

    ends = [redis.ttl(one) for one in redis.scan_iter(f"*{name}*")]
    assert len(ends) == 4
    assert all(0 < seconds <= 3 * 86_400 for seconds in ends)


def test_so_many_answers_a_day_are_kept(redis: Redis, name: str) -> None:
    answers = RedisAnswers(redis, name, most_a_day=3)
    for number in range(5):
        answers.keep(f"d{number}", ANSWER)

    assert list(answers.known([f"d{number}" for number in range(5)])) == ["d0", "d1", "d2"]


def test_long_talk_is_not_kept(redis: Redis, name: str) -> None:
    answers = RedisAnswers(redis, name)
    answers.keep("d1", Answer("x" * 2_001))

    assert answers.known(["d1"]) == {}


def test_a_question_that_fails_is_left_alone_longer_each_time(redis: Redis, name: str) -> None:
    answers = RedisAnswers(redis, name)

    assert [answers.rest("d1") for _ in range(6)] == [60, 600, 3600, 21600, 21600, 21600]
    assert answers.resting(["d0", "d1"])["d1"] == pytest.approx(21600, abs=5)
    answers.wake("d1")
    assert answers.resting(["d0", "d1"]) == {}
    assert answers.rest("d1") == 60


def test_digests_tell_endpoints_and_requests_apart() -> None:
    made = {digest_of(url, body) for url in ("https://a/v1", "https://b/v1") for body in (b"x", b"y")}

    assert len(made) == 4
    assert digest_of("https://a/v1", b"x") in made
