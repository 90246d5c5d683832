"""Which questions are asked: `show_when` refers to an earlier question, so one pass in order decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from annotation.errors import Fault
from annotation.questions.checks import short
from annotation.questions.registry import QUESTION_TYPES
from annotation.questions.types import Question

# Whether a question is asked, given the answers to the questions before it.
Condition = Callable[[Mapping[str, Any]], bool]
# For a question: the values that each single-valued question before it must have for it to be asked.
Ways = dict[str, frozenset[str]]

KEYS = frozenset({"question", "any_of", "answered"})


def check_show_when(question: Question, earlier: Mapping[str, Question]) -> list[Fault]:
    """The faults of a question's condition; `earlier` are the sound questions before it, by name."""
    when = question.get("show_when")
    if when is None:
        return []
    if not isinstance(when, dict) or not isinstance(when.get("question"), str):
        return [
            Fault(
                ("show_when",),
                'A condition is {"question": "...", "any_of": [...]} or {..., "answered": true}.',
            )
        ]
    if unknown := sorted(map(str, when.keys() - KEYS)):
        return [Fault(("show_when", unknown[0]), f"A condition has no “{short(unknown[0])}”.")]
    parent = earlier.get(when["question"])
    if parent is None:
        message = f"There is no question “{short(when['question'])}” before this one."
        return [Fault(("show_when", "question"), message)]
    if ("any_of" in when) == ("answered" in when):
        return [Fault(("show_when",), 'Give either "any_of" or "answered".')]
    if "answered" in when:
        return (
            [] if when["answered"] is True else [Fault(("show_when", "answered"), "This can only be true.")]
        )
    return _check_any_of(when["any_of"], parent)


def _check_any_of(any_of: Any, parent: Question) -> list[Fault]:
    if not isinstance(any_of, list) or not any_of:
        return [Fault(("show_when", "any_of"), "This is a list of at least one value.")]
    values = QUESTION_TYPES[parent["type"]].values(parent)
    if values is None:
        return [
            Fault(("show_when", "any_of"), 'The values of that question cannot be listed; use "answered".')
        ]
    known = set(values)
    return [
        Fault(("show_when", "any_of", position), f"“{short(value)}” is not a value of that question.")
        for position, value in enumerate(any_of)
        if isinstance(value, (dict, list)) or str(value) not in known
    ]


def condition(question: Question, parent: Question | None) -> Condition | None:
    """How to tell whether a question is asked; None when it always is."""
    when = question.get("show_when")
    if not when or parent is None:
        return None
    name = parent["name"]
    if "answered" in when:
        return lambda answer: name in answer
    wanted = frozenset(str(value) for value in when["any_of"])
    votes = QUESTION_TYPES[parent["type"]].votes
    return lambda answer: name in answer and not wanted.isdisjoint(votes(parent, answer[name]))


def ways(questions: Sequence[Question]) -> list[Ways]:
    """For each question, what the single-valued questions before it must say for it to be asked."""
    by_name: dict[str, tuple[Question, Ways]] = {}
    result = []
    for question in questions:
        own: Ways = {}
        when = question.get("show_when") or {}
        if when.get("question") in by_name:
            parent, inherited = by_name[when["question"]]
            own = dict(inherited)
            if "any_of" in when and QUESTION_TYPES[parent["type"]].one_value:
                own[parent["name"]] = frozenset(str(value) for value in when["any_of"])
        by_name[question["name"]] = (question, own)
        result.append(own)
    return result


def exclusive(one: Ways, other: Ways) -> bool:
    """Whether two questions can never be asked at once."""
    return any(one[name].isdisjoint(other[name]) for name in one.keys() & other.keys())
