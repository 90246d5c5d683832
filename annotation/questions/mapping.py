"""How answers given under one version of the questions read under the next.

A mapping is {question: null or {"from": old question, "labels": {old label: new label or null}, "drop": [old labels]}}.
The key is a question of the new version. A question that it does not mention goes on under its own name. `null` leaves
the old answers behind; a label that maps to null is to be decided by people; a dropped one vanishes from the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.errors import Fault
from annotation.questions.checks import short, text_fault
from annotation.questions.definition import MOST_FAULTS
from annotation.questions.forms import Answer, Form
from annotation.questions.registry import QUESTION_TYPES
from annotation.questions.text import MOST_CHARACTERS
from annotation.questions.types import Question

Mappings = Mapping[str, Any]
KEYS = frozenset({"from", "labels", "drop"})


class Undecided(Exception):
    """A value whose meaning under the new version only people can tell."""


Carry = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the answers to a new question come from, and what becomes of their labels."""

    question: Question
    labels: Mapping[str, str | None]
    drop: frozenset[str]

    def becomes(self, label: str) -> str | None:
        """The new label, or None when people must decide. Not for dropped ones."""
        return self.labels.get(label, label)


def sources(old: Sequence[Question], new: Sequence[Question], mapping: Mappings) -> dict[str, Source]:
    """For each new question that continues an old one, how."""
    before = {question["name"]: question for question in old}
    found = {}
    for question in new:
        name = question["name"]
        how = mapping.get(name, {})
        source = before.get(how.get("from", name)) if how is not None else None
        if source is not None:
            found[name] = Source(source, how.get("labels", {}), frozenset(how.get("drop", ())))
    return found


def left_behind(old: Sequence[Question], new: Sequence[Question], mapping: Mappings) -> list[str]:
    """Old questions that no new one continues."""
    used = {source.question["name"] for source in sources(old, new, mapping).values()}
    return [question["name"] for question in old if question["name"] not in used]


def vanished(source: Source, question: Question) -> list[str]:
    """Old labels that this question does not have and its mapping does not speak of."""
    values = QUESTION_TYPES[source.question["type"]].values(source.question)
    now = QUESTION_TYPES[question["type"]].values(question)
    if values is None or now is None:
        return []
    kept = set(now)
    return [
        value
        for value in values
        if value not in kept and value not in source.labels and value not in source.drop
    ]


def check_mapping(
    old: Sequence[Question], new: Sequence[Question], mapping: Any, *, complete: bool
) -> list[Fault]:
    """What keeps this from being a mapping between two checked versions; `complete`: nothing may be left unsaid."""
    if not isinstance(mapping, dict):
        return [Fault(("mapping",), 'A mapping is an object: {question: {"from": ..., "labels": {...}}}.')]
    faults = list(_check_shape(old, new, mapping))
    if not faults and complete:
        faults = list(_unsaid(old, new, mapping))
    return [Fault(("mapping", *fault.path), fault.message) for fault in faults[:MOST_FAULTS]]


def _check_shape(
    old: Sequence[Question], new: Sequence[Question], mapping: dict[str, Any]
) -> Iterator[Fault]:
    before = {question["name"]: question for question in old}
    after = {question["name"]: question for question in new}
    for name, how in mapping.items():
        if how is None and (name in before or name in after):
            continue
        if name not in after:
            yield Fault((name,), f"There is no question “{short(name)}” in the new version.")
        elif not isinstance(how, dict):
            yield Fault((name,), 'This is null or an object: {"from": ..., "labels": {...}, "drop": [...]}.')
        elif unknown := sorted(map(str, how.keys() - KEYS)):
            yield Fault((name, unknown[0]), f"A mapping has no “{short(unknown[0])}”.")
        elif not isinstance(how.get("from", name), str) or how.get("from", name) not in before:
            yield Fault(
                (name, "from"), f"There is no question “{short(how.get('from', name))}” in the old version."
            )
        else:
            for fault in _check_labels(before[how.get("from", name)], after[name], how):
                yield Fault((name, *fault.path), fault.message)


def _check_labels(old: Question, new: Question, how: dict[str, Any]) -> Iterator[Fault]:
    labels, drop = how.get("labels", {}), how.get("drop", [])
    if not isinstance(labels, dict):
        yield Fault(("labels",), "This is an object: {old label: new label or null}.")
        return
    if not isinstance(drop, list) or not all(isinstance(label, str) for label in drop):
        yield Fault(("drop",), "This is a list of old labels.")
        return
    known = QUESTION_TYPES[old["type"]].values(old)
    allowed = QUESTION_TYPES[new["type"]].values(new)
    olds, news = set(known or ()), set(allowed or ())
    for label, target in labels.items():
        if known is not None and label not in olds:
            yield Fault(("labels", label), "There is no such label in the old version.")
        elif fault := text_fault(label, most=MOST_CHARACTERS, lines=True):
            yield Fault(("labels", short(label)), fault)
        elif target is not None and not isinstance(target, str):
            yield Fault(("labels", label), "This is a new label, or null where people must decide.")
        elif target is not None and allowed is not None and target not in news:
            yield Fault(("labels", label), f"There is no label “{short(target)}” in the new version.")
    for position, label in enumerate(drop):
        if known is not None and label not in olds:
            yield Fault(("drop", position), "There is no such label in the old version.")
        elif label in labels:
            yield Fault(("drop", position), "This label is mapped as well; do one or the other.")


def _unsaid(old: Sequence[Question], new: Sequence[Question], mapping: dict[str, Any]) -> Iterator[Fault]:
    for name in left_behind(old, new, mapping):
        if name not in mapping:
            message = "This question is gone. Say which one continues it (from), or null to leave its answers behind."
            yield Fault((name,), message)
    after = {question["name"]: question for question in new}
    for name, source in sources(old, new, mapping).items():
        for label in vanished(source, after[name]):
            message = f"The label “{short(label)}” is gone. Say which one takes it over, null to ask people, or drop it."
            yield Fault((name, "labels", label), message)


def complete(old: Sequence[Question], new: Sequence[Question], mapping: Mappings) -> dict[str, Any]:
    """The same mapping with all that it left unsaid: questions are left behind, labels are for people to decide."""
    full = {name: how and dict(how) for name, how in mapping.items()}
    for name in left_behind(old, new, mapping):
        full.setdefault(name, None)
    after = {question["name"]: question for question in new}
    for name, source in sources(old, new, mapping).items():
        if gone := vanished(source, after[name]):
            how = full.setdefault(name, {}) or {}
            full[name] = {**how, "labels": {**how.get("labels", {}), **dict.fromkeys(gone)}}
    return full


class Reading:
    """Reads answers of one version under a later one, over all the versions between them. Made once, used for many."""

    __slots__ = ("_form", "_steps")

    def __init__(self, versions: Sequence[Sequence[Question]], mappings: Sequence[Mappings]) -> None:
        """`mappings[n]` leads from `versions[n]` to `versions[n + 1]`; all of them checked and normalized."""
        steps = zip(versions, versions[1:], mappings, strict=False)
        self._steps = [_carries(old, new, mapping) for old, new, mapping in steps]
        self._form = Form(versions[-1])

    def read(self, answer: Answer) -> tuple[Answer, set[str]]:
        """The answer under the last version, and the questions of it that people must answer again."""
        undecided: set[str] = set()
        for carries in self._steps:
            answer, undecided = _step(carries, answer, undecided)
        return self._form.fit(answer, undecided)


def _step(
    carries: list[tuple[str, str, Carry | None]], answer: Answer, undecided: set[str]
) -> tuple[Answer, set[str]]:
    carried: Answer = {}
    open_now: set[str] = set()
    for name, source, carry in carries:
        value = answer.get(source)
        if source in undecided:
            open_now.add(name)
        elif value is None:
            continue
        elif carry is None:
            carried[name] = value
        else:
            try:
                value = carry(value)
            except Undecided:
                open_now.add(name)
            else:
                if value is not None:
                    carried[name] = value
    return carried, open_now


def _carries(
    old: Sequence[Question], new: Sequence[Question], mapping: Mappings
) -> list[tuple[str, str, Carry | None]]:
    after = {question["name"]: question for question in new}
    return [
        (name, source.question["name"], _carry(source, after[name]))
        for name, source in sources(old, new, mapping).items()
    ]


def _carry(source: Source, question: Question) -> Carry | None:
    """How to bring one value over; None where it stays as it is."""
    same = source.question["type"] == question["type"]
    renamed = any(label != target for label, target in source.labels.items())
    if same and not renamed and not source.drop:
        return None
    said = QUESTION_TYPES[source.question["type"]].said
    adopt = QUESTION_TYPES[question["type"]].adopt

    def carry(value: Any) -> Any:
        kept = [one if same and not isinstance(one, str) else str(one) for one in said(value)]
        kept = [one for one in kept if str(one) not in source.drop]
        if not kept:
            return adopt(question, [])
        targets = [source.labels.get(str(one), one) for one in kept]
        if any(target is None for target in targets):
            raise Undecided
        adopted = adopt(question, targets)
        if adopted is None:
            raise Undecided
        return adopted

    return carry


def read_under(
    versions: Sequence[Sequence[Question]], mappings: Sequence[Mappings], answer: Answer
) -> tuple[Answer, set[str]]:
    """Read one answer of the first of these versions under the last: (answer, questions that lack one)."""
    return Reading(versions, mappings).read(answer)
