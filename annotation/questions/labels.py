"""The labels of choice questions: their check, their defaults, their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from annotation.errors import Fault
from annotation.questions.checks import short, text_fault
from annotation.questions.colors import ROTATION, color_fault, named
from annotation.questions.keys import hotkey_fault
from annotation.questions.types import Chip, Hotkeys, Question, as_list

MOST_LABELS = 10_000
LONGEST_VALUE = 200
LONGEST_HELP = 1000
KEYS = frozenset({"value", "title", "hotkey", "color", "help"})


def check_labels(question: Question) -> list[Fault]:
    labels = question.get("labels")
    if not isinstance(labels, list) or not labels:
        return [Fault(("labels",), "A choice question needs at least one label.")]
    if len(labels) > MOST_LABELS:
        return [Fault(("labels",), f"There are {len(labels)} labels; at most {MOST_LABELS} are allowed.")]
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for position, label in enumerate(labels):
        faults += (Fault(("labels", position, *path), message) for path, message in _label_faults(label))
        value = label.get("value") if isinstance(label, dict) else None
        if isinstance(value, str) and seen.setdefault(value, position) != position:
            faults.append(
                Fault(("labels", position, "value"), f"“{short(value)}” is label {seen[value] + 1} already.")
            )
    return faults


def _label_faults(label: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(label, dict):
        yield (), 'A label is an object: {"value": "..."}.'
        return
    value = label.get("value")
    if fault := text_fault(value, most=LONGEST_VALUE, least=1):
        yield ("value",), fault
    elif isinstance(value, str) and value != value.strip():
        yield ("value",), "A label must not begin or end with a space."
    for key, most in (("title", LONGEST_VALUE), ("help", LONGEST_HELP)):
        if label.get(key) is not None and (fault := text_fault(label[key], most=most, lines=key == "help")):
            yield (key,), fault
    if label.get("color") not in (None, "") and (fault := color_fault(label["color"])):
        yield ("color",), fault
    if label.get("hotkey") not in (None, "") and (fault := hotkey_fault(label["hotkey"])):
        yield ("hotkey",), fault
    if label.keys() - KEYS:
        for key in sorted(map(str, label.keys() - KEYS)):
            yield (key,), f"A label has no “{short(key)}”; it has {', '.join(sorted(KEYS))}."


def normalize_labels(question: Question) -> list[dict[str, Any]]:
    """Labels with title, colour and help; keys are assigned later, over all questions."""
    return [
        {
            "value": label["value"],
            "title": (label.get("title") or "").strip() or label["value"],
            "color": named(label.get("color") or ROTATION[position % len(ROTATION)]),
            "help": (label.get("help") or "").strip(),
            "hotkey": None if label.get("hotkey") is None else label["hotkey"].lower(),
        }
        for position, label in enumerate(question["labels"])
    ]


def values(question: Question) -> list[str]:
    return [label["value"] for label in question["labels"]]


def chips(question: Question) -> Callable[[Any], list[Chip]]:
    by_value = {label["value"]: Chip(label["title"], label["color"]) for label in question["labels"]}
    return lambda value: [by_value.get(one) or Chip(str(one)) for one in as_list(value)]


def _keys(question: Question) -> list[str | None]:
    return [label.get("hotkey") for label in question["labels"]]


def _paths(question: Question) -> list[tuple[str | int, ...]]:
    return [("labels", position, "hotkey") for position in range(len(question["labels"]))]


def _with_keys(question: Question, keys: Sequence[str | None]) -> dict[str, Any]:
    labels = [{**label, "hotkey": key} for label, key in zip(question["labels"], keys, strict=True)]
    return {**question, "labels": labels}


def _digits(question: Question) -> list[str]:
    """Labels that are digits are chosen by those digits."""
    found = values(question)
    return found if len(found) <= 10 and all(value in set("0123456789") for value in found) else []


HOTKEYS = Hotkeys(_keys, _with_keys, _paths, _digits)
