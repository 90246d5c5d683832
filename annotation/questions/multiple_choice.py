"""Any number of labels, within limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from annotation.errors import Fault
from annotation.questions import labels
from annotation.questions.checks import is_integer, short
from annotation.questions.types import BadValue, Clean, Payload, Question, QuestionType, as_list, one_column

SEPARATOR = "|"


def _check(question: Question) -> list[Fault]:
    faults = labels.check_labels(question)
    listed = question.get("labels")
    count = len(listed) if isinstance(listed, list) else labels.MOST_LABELS
    limits = {key: question[key] for key in ("min_choices", "max_choices") if question.get(key) is not None}
    for key, limit in limits.items():
        if not is_integer(limit) or not (key == "max_choices") <= limit <= count:
            faults.append(
                Fault((key,), f"This is a whole number from {int(key == 'max_choices')} to {count}.")
            )
    if not faults and limits.get("min_choices", 0) > limits.get("max_choices", count):
        faults.append(Fault(("max_choices",), "At most must not be less than at least."))
    return faults


def _normalize(question: Question) -> dict[str, Any]:
    least = question.get("min_choices")
    return {
        **question,
        "labels": labels.normalize_labels(question),
        "min_choices": 1 if least is None else least,
        "max_choices": question.get("max_choices"),
    }


def _cleaner(question: Question) -> Clean:
    place = {value: position for position, value in enumerate(labels.values(question))}
    least, most = question["min_choices"], question["max_choices"] or len(place)
    # Nothing chosen is an answer ("none of these") only where the definition allows it.
    nothing: Any = [] if least == 0 and question["required"] else None

    def clean(value: Any, payload: Payload) -> Any:
        if type(value) is not list:
            raise BadValue("The answer is a list of labels.")
        for position, label in enumerate(value):
            if type(label) is not str or label not in place:
                raise BadValue(f"There is no label “{short(label)}”.", (position,))
        if not value:
            return nothing
        chosen = sorted(set(value), key=place.__getitem__)
        if len(chosen) != len(value):
            raise BadValue("A label is chosen twice.")
        if not least <= len(chosen) <= most:
            raise BadValue(f"Choose {_range(least, most, len(place))}.")
        return chosen

    return clean


def _range(least: int, most: int, count: int) -> str:
    if least == most:
        return f"exactly {least}"
    if most == count:
        return f"at least {least}"
    return f"at most {most}" if least <= 1 else f"{least} to {most}"


def _cells(question: Question, value: Any) -> list[Any]:
    """The labels in one cell, separated by bars; a bar or backslash inside a label has a backslash before it."""
    if value is None:
        return [None]
    return [
        SEPARATOR.join(label.replace("\\", "\\\\").replace(SEPARATOR, f"\\{SEPARATOR}") for label in value)
    ]


def _adopt(question: Question, said: Sequence[Any]) -> Any:
    return list(dict.fromkeys(str(one) for one in said))


MULTIPLE_CHOICE = QuestionType(
    name="multiple_choice",
    title="Multiple choice",
    options=frozenset({"labels", "min_choices", "max_choices"}),
    check=_check,
    normalize=_normalize,
    cleaner=_cleaner,
    votes=lambda question, value: list(value),
    scale="set",
    right=lambda question, given, known, tolerance: len(set(given or []) ^ set(known)) <= tolerance,
    values=labels.values,
    one_value=False,
    chips=labels.chips,
    columns=one_column,
    cells=_cells,
    said=as_list,
    adopt=_adopt,
    holds="strings",
    hotkeys=labels.HOTKEYS,
)
