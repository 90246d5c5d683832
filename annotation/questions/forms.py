"""A schema's questions made ready: check answers, read votes, lay out columns. Made once, used for each answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.errors import Fault, InvalidAnswer
from annotation.questions.checks import short
from annotation.questions.registry import QUESTION_TYPES
from annotation.questions.types import BadValue, Chip, Clean, Payload, Question, QuestionType
from annotation.questions.visibility import Condition, condition

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One question of a form."""

    question: Question
    kind: QuestionType
    clean: Clean
    chips: Callable[[Any], list[Chip]]
    # The question that this one's `show_when` names.
    parent: str
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer says to one question, for display."""

    name: str
    title: str
    chips: list[Chip]


class Form:
    """The questions of one schema. `questions` must have passed `check_schema` and `normalize`."""

    __slots__ = ("_names", "_steps", "parts", "questions")

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = questions
        by_name = {question["name"]: question for question in questions}
        self.parts = {name: _part(question, by_name) for name, question in by_name.items()}
        self._names = frozenset(self.parts)
        # Tuples, unpacked by the loop in `clean`: attribute look-ups would double its time.
        self._steps = tuple(
            (name, part.clean, part.question["required"], part.condition, part.parent)
            for name, part in self.parts.items()
        )

    def clean(self, answer: Any, payload: Payload = None) -> Answer:
        """The answer as it is kept: checked, unanswered questions left out. Raises InvalidAnswer with every fault.

        Null says nothing. An answer to a question that is not asked (its `show_when` does not hold) is refused.
        """
        if type(answer) is not dict:
            raise InvalidAnswer(
                "An answer is an object: {question: value}.", faults=[Fault((), "Not an object.")]
            )
        cleaned: Answer = {}
        faults: list[Fault] = []
        unsure: set[str] = set()
        for name, clean, required, shown, parent in self._steps:
            value = answer.get(name)
            if shown is not None and not shown(cleaned):
                if parent in unsure:
                    unsure.add(name)
                elif value is not None:
                    faults.append(Fault((name,), "This question is not asked here; leave it out."))
                continue
            if value is not None:
                try:
                    value = clean(value, payload)
                except BadValue as bad:
                    faults += (Fault((name, *fault.path), fault.message) for fault in bad.faults)
                    unsure.add(name)
                    continue
            if value is not None:
                cleaned[name] = value
            elif required:
                faults.append(Fault((name,), "This question must be answered."))
        if not answer.keys() <= self._names:
            faults += (
                Fault((str(name),), "There is no such question.")
                for name in answer
                if name not in self._names
            )
        if faults:
            raise InvalidAnswer(_sentence(faults), faults=faults)
        return cleaned

    def fit(self, answer: Answer, unresolved: set[str]) -> tuple[Answer, set[str]]:
        """An answer given under other questions as far as it holds under these, and which of these lack one."""
        fitting: Answer = {}
        lacking: set[str] = set()
        for name, clean, required, shown, _ in self._steps:
            if shown is not None and not shown(fitting):
                continue
            value = None if name in unresolved else answer.get(name)
            refused = name in unresolved
            if value is not None:
                try:
                    value = clean(value, None)
                except BadValue:
                    value, refused = None, True
            if value is not None:
                fitting[name] = value
            elif required or refused:
                lacking.add(name)
        return fitting, lacking

    def votes(self, answer: Answer) -> dict[str, list[str]]:
        """The labels that a clean answer votes for, by question; questions without votes are left out."""
        found = {}
        for name, value in answer.items():
            part = self.parts.get(name)
            if part is not None and (votes := part.kind.votes(part.question, value)):
                found[name] = votes
        return found

    def right(self, answer: Answer, known: Answer, tolerance: Mapping[str, Any]) -> dict[str, bool]:
        """For each question that the known answer answers, whether this answer is as good."""
        return {
            name: self.parts[name].kind.right(
                self.parts[name].question, answer.get(name), value, tolerance.get(name, 0)
            )
            for name, value in known.items()
            if name in self.parts
        }

    def columns(self) -> list[str]:
        """The columns of a flat export."""
        return [column for part in self.parts.values() for column in part.kind.columns(part.question)]

    def cells(self, answer: Answer) -> list[Any]:
        """What an answer puts into `columns`; None where it says nothing."""
        return [
            cell
            for name, part in self.parts.items()
            for cell in part.kind.cells(part.question, answer.get(name))
        ]

    def shown(self, answer: Answer) -> list[Shown]:
        """What an answer says, question by question in order, for display."""
        return [
            Shown(name, part.question["title"], part.chips(answer[name]))
            for name, part in self.parts.items()
            if name in answer
        ]


def compile_form(questions: Sequence[Question]) -> Form:
    """Make ready a schema's questions; keep the result, by schema id, where answers are many."""
    return Form(questions)


def clean_answer(questions: Sequence[Question], answer: Any, payload: Payload = None) -> Answer:
    """Check one answer. Raises InvalidAnswer."""
    return Form(questions).clean(answer, payload)


def votes(questions: Sequence[Question], answer: Answer) -> dict[str, list[str]]:
    """The labels that one clean answer votes for."""
    return Form(questions).votes(answer)


def _part(question: Question, by_name: Mapping[str, Question]) -> Part:
    kind = QUESTION_TYPES[question["type"]]
    parent = (question.get("show_when") or {}).get("question", "")
    shown = condition(question, by_name.get(parent))
    return Part(question, kind, kind.cleaner(question), kind.chips(question), parent, shown)


def _sentence(faults: list[Fault]) -> str:
    first = faults[0]
    more = f" And {len(faults) - 1} more." if len(faults) > 1 else ""
    return f"{short(str(first.path[0]))}: {first.message}{more}" if first.path else f"{first.message}{more}"
