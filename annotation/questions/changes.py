"""What differs between two versions of the questions, and which answers each difference touches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from annotation.questions.checks import short
from annotation.questions.forms import Answer
from annotation.questions.mapping import Mappings, Source, left_behind, sources
from annotation.questions.registry import QUESTION_TYPES
from annotation.questions.types import Question


class Kind(StrEnum):
    QUESTION_ADDED = "question_added"
    QUESTION_REMOVED = "question_removed"
    QUESTION_RENAMED = "question_renamed"
    TYPE_CHANGED = "type_changed"
    ORDER_CHANGED = "order_changed"
    OPTION_CHANGED = "option_changed"
    LABEL_ADDED = "label_added"
    LABEL_RENAMED = "label_renamed"
    LABELS_MERGED = "labels_merged"
    LABEL_UNDECIDED = "label_undecided"
    LABEL_DROPPED = "label_dropped"
    LABEL_CHANGED = "label_changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, in words too. `source` and `label` are of the old version, `question` and `to` of the new one."""

    kind: Kind
    text: str
    question: str = ""
    source: str = ""
    label: str = ""
    to: str = ""

    @property
    def touches(self) -> bool:
        """Whether it alters what answers mean, not only how the form looks."""
        return bool(self.source) and self.kind not in {
            Kind.OPTION_CHANGED,
            Kind.LABEL_CHANGED,
            Kind.ORDER_CHANGED,
        }


def changes(old: Sequence[Question], new: Sequence[Question], mapping: Mappings) -> list[Change]:
    """All differences between two normalized versions, in the order of the new form, removals last."""
    continued = sources(old, new, mapping)
    found: list[Change] = []
    for question in new:
        source = continued.get(question["name"])
        found += _continued(source, question) if source else [_added(question)]
    found += (
        Change(
            Kind.QUESTION_REMOVED,
            f"The question “{short(name)}” is gone; its answers are left behind.",
            source=name,
        )
        for name in left_behind(old, new, mapping)
    )
    order = [source.question["name"] for source in continued.values()]
    if order != [question["name"] for question in old if question["name"] in set(order)]:
        found.append(Change(Kind.ORDER_CHANGED, "The questions are in another order."))
    return found


def _added(question: Question) -> Change:
    kind = QUESTION_TYPES[question["type"]].title.lower()
    need = "required" if question["required"] else "optional"
    return Change(
        Kind.QUESTION_ADDED, f"The question “{question['name']}” is new ({kind}, {need}).", question["name"]
    )


def _continued(source: Source, question: Question) -> Iterator[Change]:
    old, name = source.question, question["name"]
    if old["name"] != name:
        text = f"The question “{old['name']}” is now “{name}”."
        yield Change(Kind.QUESTION_RENAMED, text, name, old["name"])
    if old["type"] != question["type"]:
        before, after = (QUESTION_TYPES[one["type"]].title.lower() for one in (old, question))
        yield Change(Kind.TYPE_CHANGED, f"“{name}” is now {after} instead of {before}.", name, old["name"])
    yield from _labels(source, question)
    if old["type"] == question["type"]:
        yield from _options(old, question)
        yield from _label_looks(source, question)


def _labels(source: Source, question: Question) -> Iterator[Change]:
    old, name = source.question, question["name"]
    values = QUESTION_TYPES[old["type"]].values(old) or list(source.labels)
    now = QUESTION_TYPES[question["type"]].values(question)
    before = set(values)
    arrivals: dict[str, int] = {}
    for label in values:
        if label not in source.drop and (target := source.becomes(label)) is not None:
            arrivals[target] = arrivals.get(target, 0) + 1
    for label in values:
        if label in source.drop:
            text = f"“{short(label)}” vanishes from answers to “{name}”."
            yield Change(Kind.LABEL_DROPPED, text, name, old["name"], label)
            continue
        target = source.becomes(label)
        if target is None:
            text = f"“{short(label)}” in “{name}” is for people to decide."
            yield Change(Kind.LABEL_UNDECIDED, text, name, old["name"], label)
        elif target != label:
            merged = arrivals[target] > 1
            kind = Kind.LABELS_MERGED if merged else Kind.LABEL_RENAMED
            text = f"“{short(label)}” in “{name}” {'joins' if merged else 'becomes'} “{short(target)}”."
            yield Change(kind, text, name, old["name"], label, target)
    if now is not None:
        for label in now:
            if label not in arrivals and label not in before:
                yield Change(Kind.LABEL_ADDED, f"“{short(label)}” is new in “{name}”.", name, to=label)


_WORDS = {"show_when": "condition", "min_text": "lowest text", "max_text": "highest text", "hotkeys": "keys"}


def _options(old: Question, question: Question) -> Iterator[Change]:
    for key in question:
        if key not in {"name", "type", "labels"} and old.get(key) != question[key]:
            word = _WORDS.get(key, key.replace("_", " "))
            text = f"{word.capitalize()} of “{question['name']}”: {_told(old.get(key))} → {_told(question[key])}."
            yield Change(Kind.OPTION_CHANGED, text, question["name"], old["name"], to=key)


def _told(value: Any) -> str:
    match value:
        case None | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case {"question": asked, "any_of": [*wanted]}:
            return short(f"{asked} is {' or '.join(map(str, wanted))}")
        case {"question": asked}:
            return f"{asked} is answered"
        case list():
            return short(" ".join(map(str, value)))
    return short(str(value))


def _label_looks(source: Source, question: Question) -> Iterator[Change]:
    """Titles, colours, help, keys and order of labels that go on."""
    before = {label["value"]: label for label in source.question.get("labels", ())}
    after = {label["value"]: label for label in question.get("labels", ())}
    name = question["name"]
    for value in filter(after.__contains__, before):
        differing = [
            key for key in ("title", "color", "help", "hotkey") if before[value][key] != after[value][key]
        ]
        if differing:
            words = ", ".join(
                f"{key} {_told(before[value][key])} → {_told(after[value][key])}" for key in differing
            )
            text = f"“{short(value)}” in “{name}”: {words}."
            yield Change(Kind.LABEL_CHANGED, text, name, source.question["name"], value, value)
    both = [value for value in before if value in after]
    if both != [value for value in after if value in before]:
        yield Change(
            Kind.ORDER_CHANGED, f"The labels of “{name}” are in another order.", name, source.question["name"]
        )


class Touched:
    """Which of these changes an answer of the old version is touched by. Made once, asked for each answer."""

    __slots__ = ("_by_label", "_by_question", "_old")

    def __init__(self, old: Sequence[Question], found: Sequence[Change]) -> None:
        self._old = {question["name"]: question for question in old}
        self._by_label: dict[tuple[str, str], list[int]] = {}
        self._by_question: dict[str, list[int]] = {}
        for position, change in enumerate(found):
            if change.touches and change.label:
                self._by_label.setdefault((change.source, change.label), []).append(position)
            elif change.touches:
                self._by_question.setdefault(change.source, []).append(position)

    def by(self, answer: Answer) -> set[int]:
        """Positions in the list of changes."""
        found: set[int] = set()
        for name, value in answer.items():
            found.update(self._by_question.get(name, ()))
            if name in self._old:
                said = QUESTION_TYPES[self._old[name]["type"]].said(value)
                found.update(
                    position for one in said for position in self._by_label.get((name, str(one)), ())
                )
        return found
