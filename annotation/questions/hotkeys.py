"""Hotkeys over a whole form: conflicts among the given ones, and keys for what has none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from annotation.errors import Fault
from annotation.questions.keys import ORDER
from annotation.questions.registry import QUESTION_TYPES
from annotation.questions.types import Question
from annotation.questions.visibility import exclusive, ways


def conflicts(questions: Sequence[Question]) -> list[Fault]:
    """One fault for each key that two things have which can be on the screen at once. Paths begin with the position."""
    conditions = ways(questions)
    found = []
    owners: list[dict[str, str]] = []
    for position, question in enumerate(questions):
        rivals = [
            owners[other]
            for other in range(position)
            if not exclusive(conditions[position], conditions[other])
        ]
        own: dict[str, str] = {}
        for path, key in _given(question):
            if owner := next((keys[key] for keys in (own, *rivals) if key in keys), None):
                found.append(Fault((position, *path), f"“{key}” is the key of {owner} already."))
            else:
                own[key] = f"“{_name(question, path)}”"
        owners.append(own)
    return found


def _given(question: Question) -> Iterator[tuple[tuple[str | int, ...], str]]:
    hotkeys = QUESTION_TYPES[question["type"]].hotkeys
    for path, key in zip(hotkeys.paths(question), hotkeys.get(question), strict=True):
        if key:
            yield path, key.lower()


def _name(question: Question, path: tuple[str | int, ...]) -> str:
    """The thing that a key chooses, in words."""
    match path:
        case ("labels", int(position), _):
            label = question["labels"][position]
            return str(label.get("title") or label["value"])
    return f"{question.get('title') or question['name']}, {path[-1]}"


def assign(questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give a free key to each thing without one, in form order; the later ones go without when all are taken."""
    conditions = ways(questions)
    taken = [{key for _, key in _given(question)} for question in questions]
    result = []
    for position, question in enumerate(questions):
        hotkeys = QUESTION_TYPES[question["type"]].hotkeys
        visible = [
            other for other in range(len(questions)) if not exclusive(conditions[position], conditions[other])
        ]
        used = set().union(*(taken[other] for other in visible))
        keys = _fill(hotkeys.get(question), hotkeys.preferred(question), used)
        taken[position].update(filter(None, keys))
        result.append(hotkeys.put(question, keys))
    return result


def _fill(keys: list[str | None], preferred: list[str], used: set[str]) -> list[str]:
    order: tuple[str, ...] = ORDER
    if preferred and not used.intersection(filter(None, preferred)):
        keys = [wish or None if key is None else key for key, wish in zip(keys, preferred, strict=True)]
    elif preferred:
        # Digits that mean something already must not mean something else here.
        order = tuple(key for key in ORDER if not key.isdigit())
    free = iter([key for key in order if key not in used and key not in keys])
    return [next(free, "") if key is None else key for key in keys]
