"""What servers say, read by the protocol."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime
from typing import Any

import pytest

from labelmodel.endpoints.replies import EMPTY_WAIT, Reply, reply_of, wait_of

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def headers(**given: str) -> Message:
    found = Message()
    for name, value in given.items():
        found[name.replace("_", "-")] = value
    return found


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"Retry_After": "20"}, 20.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"Retry_After": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90.0),
        ({"Retry_After": "Sun, 01 Mar 2026 12:01:00 GMT"}, 60.0),
        ({"Retry_After": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"Retry_After": "Sunday, 01-Mar-26 12:01:00 GMT"}, 60.0),
        ({"Retry_After": "5", "retry_after_ms": "1500"}, 1.5),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "nan"}, None),
        ({"Retry_After": "inf"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_in_every_form(given: dict[str, str], seconds: float | None) -> None:
    assert wait_of(headers(**given), NOW) == seconds


def of(status: int, body: Any, **given: str) -> Reply:
    said = body if isinstance(body, bytes) else json.dumps(body).encode()
    return reply_of(status, headers(**given), said, lambda text: text)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "Too\n fast", "type": "t", "code": "c"}}, "429: Too fast"),
        ({"object": "error", "message": "Too fast", "code": 429}, "429: Too fast"),
        ({"error": "Too fast"}, "429: Too fast"),
        ({"detail": "Too fast"}, "429: Too fast"),
        ({"detail": [{"msg": "Too fast"}]}, '429: [{"msg":"Too fast"}]'),
        ({"error": {"message": {"a": 1}}}, '429: {"a":1}'),
        ({"error": None}, "429: null"),
        ([], "429: []"),
        (b"", "The endpoint answered 429."),
        (b"\xff\xfe", "The endpoint answered 429."),
        ({"error": {"message": "x" * 10_000}}, "429: " + "x" * 295),
    ],
)
def test_messages_of_errors_in_the_shapes_that_servers_write(body: Any, said: str) -> None:
    assert of(429, body).said == said


def test_behind_an_empty_account_no_minute_helps() -> None:
    empty = {"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}}

    assert of(429, empty).wait == EMPTY_WAIT
    assert of(429, empty, Retry_After="2").wait == EMPTY_WAIT
    assert of(429, {"error": {"message": "Slow down"}}, Retry_After="2").wait == 2


def test_an_answer_in_parts_is_one_text() -> None:
    parts = [{"type": "text", "text": "posi"}, {"type": "text", "text": "tive"}, {"type": "image"}]

    assert of(200, {"choices": [{"message": {"content": parts}}]}).text == "positive"


def test_a_refusal_is_told_as_such() -> None:
    reply = of(200, {"choices": [{"message": {"content": None, "refusal": "I will not."}}]})

    assert (reply.kind, reply.text, reply.refusal) == ("answered", "", "I will not.")


@pytest.mark.parametrize(
    "usage", [None, [], {"prompt_tokens": "9"}, {"prompt_tokens": -9}, {"prompt_tokens": True}]
)
def test_counts_that_are_none_are_none(usage: Any) -> None:
    reply = of(200, {"choices": [{"message": {"content": "x"}}], "usage": usage})

    assert (reply.tokens_in in {0, 1}, reply.tokens_out) == (True, 0)


@pytest.mark.parametrize(
    ("logprobs", "chance"),
    [
        ({"content": [{"logprob": -0.1}, {"logprob": -0.2}]}, 0.7408),
        ({"content": []}, None),
        ({"content": None}, None),
        ({"content": [{"logprob": "x"}]}, None),
        ({"content": [{"logprob": float("inf")}]}, None),
        (None, None),
    ],
)
def test_the_chance_of_a_text_is_that_of_its_tokens(logprobs: Any, chance: float | None) -> None:
    reply = of(200, {"choices": [{"message": {"content": "x"}, "logprobs": logprobs}]})

    assert reply.chance == (None if chance is None else pytest.approx(chance, abs=1e-4))
