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


TEXT = QuestionType(
    name="text",
    title="Text",
    options=frozenset({"max_length", "multiline"}),
    check=_check,
    normalize=_normalize,
    cleaner=_cleaner,
    votes=lambda question, value: [],
    values=lambda question: None,
    one_value=False,
    chips=lambda question: lambda value: [Chip(value)],
    columns=one_column,
    cells=one_cell,
    said=as_list,
    adopt=_adopt,
)
