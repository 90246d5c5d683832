"""Words of the annotator's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from annotation.errors import Fault
from annotation.questions.checks import is_integer, text_fault
from annotation.questions.types import (
    BadValue,
    Chip,
    Clean,
    Payload,
    Question,
    QuestionType,
    as_list,
    one_cell,
    one_column,
)

MOST_CHARACTERS = 100_000
DEFAULT_CHARACTERS = 10_000
MOST_EDITS = 20


def _check(question: Question) -> list[Fault]:
    faults = []
    most = question.get("max_length")
    if most is not None and not (is_integer(most) and 1 <= most <= MOST_CHARACTERS):
        faults.append(Fault(("max_length",), f"This is a whole number from 1 to {MOST_CHARACTERS}."))
    if question.get("multiline") is not None and not isinstance(question["multiline"], bool):
        faults.append(Fault(("multiline",), "This is true or false."))
    return faults


def _normalize(question: Question) -> dict[str, Any]:
    multiline = question.get("multiline")
    return {
        **question,
        "max_length": question.get("max_length") or DEFAULT_CHARACTERS,
        "multiline": True if multiline is None else multiline,
    }


def _cleaner(question: Question) -> Clean:
    most, lines = question["max_length"], question["multiline"]

    def clean(value: Any, payload: Payload) -> Any:
        if type(value) is not str:
            raise BadValue("The answer is text.")
        words = value.replace("\r\n", "\n").strip()
        if fault := text_fault(words, most=most, lines=lines):
            raise BadValue(fault)
        return words or None

    return clean


def _adopt(question: Question, said: Sequence[Any]) -> Any:
    return str(said[0]) if len(said) == 1 else None


def _right(question: Question, given: Any, known: Any, tolerance: float) -> bool:
    """Case and the width of spaces aside; the tolerance counts letters to add, remove or replace."""
    said, wanted = (" ".join(str(words or "").casefold().split()) for words in (given, known))
    return said == wanted or _edits(said, wanted, int(min(tolerance, MOST_EDITS))) <= tolerance


def _edits(one: str, other: str, most: int) -> int:
    """The edit distance, looked for no further than `most` (Ukkonen 1985: only a band around the diagonal)."""
    if not most or abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, row = row, [i, *[most + 1] * len(other)]
        for j in range(max(1, i - most), min(len(other), i + most) + 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other[j - 1]))
    return row[-1]


TEXT = QuestionType(
    name="text",
    title="Text",
    options=frozenset({"max_length", "multiline"}),
    check=_check,
    normalize=_normalize,
    cleaner=_cleaner,
    votes=lambda question, value: [],
    scale="",
    right=_right,
    values=lambda question: None,
    one_value=False,
    chips=lambda question: lambda value: [Chip(value)],
    columns=one_column,
    cells=one_cell,
    said=as_list,
    adopt=_adopt,
    holds="string",
)
