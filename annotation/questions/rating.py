"""A point on a short scale of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from annotation.errors import Fault
from annotation.questions.checks import is_integer, text_fault
from annotation.questions.keys import hotkey_fault
from annotation.questions.numbers import canonical, close, parsed
from annotation.questions.types import (
    BadValue,
    Chip,
    Clean,
    Hotkeys,
    Payload,
    Question,
    QuestionType,
    as_list,
    one_cell,
    one_column,
)

MOST_POINTS = 21
LOWEST, HIGHEST = -100, 100


def _check(question: Question) -> list[Fault]:
    faults = []
    for key in ("min", "max"):
        limit = question.get(key)
        if limit is not None and not (is_integer(limit) and LOWEST <= limit <= HIGHEST):
            faults.append(Fault((key,), f"This is a whole number from {LOWEST} to {HIGHEST}."))
    for key in ("min_text", "max_text"):
        if question.get(key) is not None and (fault := text_fault(question[key], most=60)):
            faults.append(Fault((key,), fault))
    if not faults and not 2 <= len(_points(question)) <= MOST_POINTS:
        faults.append(Fault(("max",), f"A scale has 2 to {MOST_POINTS} points."))
    return faults or _check_keys(question)


def _check_keys(question: Question) -> list[Fault]:
    keys = question.get("hotkeys")
    if keys is None:
        return []
    if not isinstance(keys, list) or len(keys) != len(_points(question)):
        return [Fault(("hotkeys",), "This is a list with one key for each point of the scale.")]
    return [
        Fault(("hotkeys", position), fault)
        for position, key in enumerate(keys)
        if key not in (None, "") and (fault := hotkey_fault(key))
    ]


def _limit(question: Question, key: str, default: int) -> int:
    limit = question.get(key)
    return default if limit is None else int(limit)


def _points(question: Question) -> range:
    return range(_limit(question, "min", 1), _limit(question, "max", 5) + 1)


def _normalize(question: Question) -> dict[str, Any]:
    points = _points(question)
    return {
        **question,
        "min": points[0],
        "max": points[-1],
        "min_text": (question.get("min_text") or "").strip(),
        "max_text": (question.get("max_text") or "").strip(),
        "hotkeys": [key and key.lower() for key in question.get("hotkeys") or [None] * len(points)],
    }


def _cleaner(question: Question) -> Clean:
    points = _points(question)

    def clean(value: Any, payload: Payload) -> Any:
        if type(value) not in (int, float) or value not in points:
            raise BadValue(f"The answer is a whole number from {points[0]} to {points[-1]}.")
        return canonical(value)

    return clean


def _adopt(question: Question, said: Sequence[Any]) -> Any:
    return parsed(said[0]) if len(said) == 1 else None


RATING = QuestionType(
    name="rating",
    title="Rating",
    options=frozenset({"min", "max", "min_text", "max_text", "hotkeys"}),
    check=_check,
    normalize=_normalize,
    cleaner=_cleaner,
    votes=lambda question, value: [str(value)],
    scale="ordinal",
    right=close,
    values=lambda question: [str(point) for point in _points(question)],
    one_value=True,
    chips=lambda question: lambda value: [Chip(f"{value} of {question['max']}")],
    columns=one_column,
    cells=one_cell,
    said=as_list,
    adopt=_adopt,
    holds="double",
    hotkeys=Hotkeys(
        get=lambda question: list(question["hotkeys"]),
        put=lambda question, keys: {**question, "hotkeys": list(keys)},
        paths=lambda question: [("hotkeys", position) for position in range(len(_points(question)))],
        preferred=lambda question: [str(point) if 0 <= point <= 9 else "" for point in _points(question)],
    ),
)
