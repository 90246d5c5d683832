"""One label out of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from annotation.questions import labels
from annotation.questions.checks import short
from annotation.questions.types import (
    BadValue,
    Clean,
    Payload,
    Question,
    QuestionType,
    as_list,
    one_cell,
    one_column,
    same,
)


def _normalize(question: Question) -> dict[str, Any]:
    return {**question, "labels": labels.normalize_labels(question)}


def _cleaner(question: Question) -> Clean:
    known = frozenset(labels.values(question))

    def clean(value: Any, payload: Payload) -> Any:
        if type(value) is not str:
            raise BadValue("The answer is one label, as text.")
        if value not in known:
            raise BadValue(f"There is no label “{short(value)}”.")
        return value

    return clean


def _adopt(question: Question, said: Sequence[Any]) -> Any:
    return str(said[0]) if len(said) == 1 else None


SINGLE_CHOICE = QuestionType(
    name="single_choice",
    title="Single choice",
    options=frozenset({"labels"}),
    check=labels.check_labels,
    normalize=_normalize,
    cleaner=_cleaner,
    votes=lambda question, value: [value],
    scale="nominal",
    right=same,
    values=labels.values,
    one_value=True,
    chips=labels.chips,
    columns=one_column,
    cells=one_cell,
    said=as_list,
    adopt=_adopt,
    holds="string",
    hotkeys=labels.HOTKEYS,
)
