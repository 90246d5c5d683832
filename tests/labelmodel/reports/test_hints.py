"""Hints rest on enough, say what they rest on, and leave honest people alone."""

from __future__ import annotations

from typing import Any

import pytest

from labelmodel.reports.hints import Guess, at_random, in_no_time, one_label

GUESS: dict[str, Any] = {
    "title": "Mood",
    "accuracy": 0.5,
    "low": 0.42,
    "high": 0.58,
    "judgments": 120,
    "chance": 0.5,
}


def guess(**values: Any) -> Guess:
    return Guess(**{**GUESS, **values})


def test_no_better_than_chance_is_told_with_both_figures() -> None:
    hint = at_random(guess())

    assert hint is not None
    assert hint.kind == "random"
    for figure in ("Mood", "50%", "42%", "58%", "120 judgments"):
        assert figure in hint.text


@pytest.mark.parametrize(
    "values",
    [
        {"judgments": 20},
        {"accuracy": 0.85, "low": 0.78, "high": 0.9},
        {"chance": 0.97, "accuracy": 0.96, "low": 0.93, "high": 0.98},
        {"chance": None},
        # Unsure, but most likely right often: too little is known to say anything.
        {"accuracy": 0.66, "low": 0.48, "high": 0.8},
    ],
    ids=["few", "right", "one label is nearly always true", "chance unknown", "unsure"],
)
def test_who_may_know_something_is_not_called_random(values: dict[str, Any]) -> None:
    assert at_random(guess(**values)) is None


def test_one_label_whatever_comes_is_told_beside_what_others_say() -> None:
    hint = one_label(guess(label="fine", said=98, of=100, expected=51.0, z=9.4))

    assert hint is not None
    for figure in ("fine", "98 of 100", "about 51", "9 standard deviations"):
        assert figure in hint.text


@pytest.mark.parametrize(
    "values",
    [
        {"said": 20, "of": 20, "expected": 8.0, "z": 6.0},
        {"said": 99, "of": 100, "expected": 97.0, "z": 1.2},
        {"said": 70, "of": 100, "expected": 40.0, "z": 7.0},
    ],
    ids=["few", "as others on these items", "other labels too"],
)
def test_who_says_a_label_for_good_reason_is_left_alone(values: dict[str, Any]) -> None:
    assert one_label(guess(label="fine", **values)) is None


def test_far_faster_than_the_others_is_told_with_their_median() -> None:
    hint = in_no_time(0.9, 200, [4.0, 5.0, 6.0, 4.8])

    assert hint is not None
    assert "0.9 s" in hint.text
    assert "4.9 s" in hint.text


@pytest.mark.parametrize(
    ("seconds", "answered", "others"),
    [(0.9, 10, [4.0, 5.0, 6.0]), (0.9, 200, [5.0]), (2.6, 200, [4.0, 5.0, 6.0]), (None, 200, [4.0, 5.0]),
     (1.8, 200, [0.5, 2.0, 9.0, 30.0, 1.1])],
    ids=["few answers", "one other", "somewhat faster", "not timed", "others vary as much"],
)  # fmt: skip
def test_who_is_merely_quick_is_left_alone(seconds: Any, answered: int, others: list[float]) -> None:
    assert in_no_time(seconds, answered, others) is None
