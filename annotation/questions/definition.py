"""Schemas as people write them: what is wrong with one, and the same with every default filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from annotation.errors import Fault
from annotation.questions import hotkeys
from annotation.questions.checks import short, text_fault
from annotation.questions.fields import check_fields, normalize_fields
from annotation.questions.names import NAME, NAME_RULE
from annotation.questions.registry import QUESTION_TYPES
from annotation.questions.visibility import check_show_when

MOST_QUESTIONS = 100
MOST_LABELS = 20_000
MOST_FAULTS = 100
COMMON = frozenset({"name", "type", "title", "help", "required", "show_when"})


def check_schema(fields: Any, questions: Any) -> list[Fault]:
    """What keeps these from being a schema, with paths such as ("questions", 0, "labels", 2, "value")."""
    faults = [Fault(("fields", *fault.path), fault.message) for fault in check_fields(fields)]
    faults += (Fault(("questions", *fault.path), fault.message) for fault in check_questions(questions))
    return faults[:MOST_FAULTS]


def check_questions(questions: Any) -> list[Fault]:
    if not isinstance(questions, list) or not questions:
        return [Fault((), "A schema needs at least one question.")]
    if len(questions) > MOST_QUESTIONS:
        return [Fault((), f"There are {len(questions)} questions; at most {MOST_QUESTIONS} are allowed.")]
    faults: list[Fault] = []
    sound: dict[str, tuple[int, dict[str, Any]]] = {}
    for position, question in enumerate(questions):
        own = list(_check_question(question, sound))
        faults += (Fault((position, *fault.path), fault.message) for fault in own)
        if not own:
            sound[question["name"]] = (position, question)
    if sum(len(question.get("labels", ())) for _, question in sound.values()) > MOST_LABELS:
        faults.append(Fault((), f"All questions together have at most {MOST_LABELS} labels."))
    return faults + _conflicts(list(sound.values()))


def _check_question(question: Any, earlier: dict[str, tuple[int, dict[str, Any]]]) -> Iterator[Fault]:
    if not isinstance(question, dict):
        yield Fault((), 'A question is an object: {"name": "...", "type": "..."}.')
        return
    kind = question.get("type")
    if not isinstance(kind, str) or kind not in QUESTION_TYPES:
        message = f"There is no question type “{short(kind)}”; there are {', '.join(QUESTION_TYPES)}."
        yield Fault(("type",), message)
        return
    yield from _check_common(question, earlier)
    yield from QUESTION_TYPES[kind].check(question)
    yield from check_show_when(question, {name: one for name, (_, one) in earlier.items()})
    for key in sorted(map(str, question.keys() - COMMON - QUESTION_TYPES[kind].options)):
        yield Fault((key,), f"A question of type {kind} has no “{short(key)}”.")


def _check_common(question: dict[str, Any], earlier: dict[str, Any]) -> Iterator[Fault]:
    name = question.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        yield Fault(("name",), NAME_RULE)
    elif name in earlier:
        yield Fault(("name",), f"“{name}” is the name of question {earlier[name][0] + 1} already.")
    for key, most in (("title", 300), ("help", 2000)):
        if question.get(key) is not None and (
            fault := text_fault(question[key], most=most, lines=key == "help")
        ):
            yield Fault((key,), fault)
    if not isinstance(question.get("required", True), bool):
        yield Fault(("required",), "This is true or false.")


def _conflicts(sound: list[tuple[int, dict[str, Any]]]) -> list[Fault]:
    questions = [_normalize(question) for _, question in sound]
    return [
        Fault((sound[int(fault.path[0])][0], *fault.path[1:]), fault.message)
        for fault in hotkeys.conflicts(questions)
    ]


def normalize(fields: list[dict[str, Any]], questions: list[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """A checked schema with every default filled in."""
    return normalize_fields(fields), normalize_questions(questions)


def normalize_questions(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Checked questions with every default filled in, hotkeys and colours too. Doing it again changes nothing."""
    return hotkeys.assign([_normalize(question) for question in questions])


def editable(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Normalized questions without what would be filled in again: assigned hotkeys and titles made from names."""
    plain = [_plain(question) for question in questions]
    unkeyed = [_without_keys(question) for question in plain]
    return unkeyed if normalize_questions(unkeyed) == questions else plain


def _plain(question: dict[str, Any]) -> dict[str, Any]:
    shown = {**question, "title": "" if question["title"] == _title(question["name"]) else question["title"]}
    if "labels" in question:
        shown["labels"] = [
            {**label, "title": "" if label["title"] == label["value"] else label["title"]}
            for label in question["labels"]
        ]
    return shown


def _without_keys(question: dict[str, Any]) -> dict[str, Any]:
    hotkeys = QUESTION_TYPES[question["type"]].hotkeys
    return hotkeys.put(question, [None for _ in hotkeys.get(question)])


def _title(name: str) -> str:
    return name.replace("_", " ").strip().capitalize() or name


def _normalize(question: dict[str, Any]) -> dict[str, Any]:
    name = question["name"]
    full = QUESTION_TYPES[question["type"]].normalize(question)
    return {
        "name": name,
        "type": question["type"],
        "title": (question.get("title") or "").strip() or _title(name),
        "help": (question.get("help") or "").strip(),
        "required": question.get("required", True),
        "show_when": question.get("show_when"),
        **{key: full[key] for key in full if key not in COMMON},
    }
