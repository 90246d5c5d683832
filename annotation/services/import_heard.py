"""What the first rows of a draft say besides their items: which questions, by whom, and the first answers as they would be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from annotation.importing.records import Record, Refused
from annotation.importing.spoken import Said, Spoken
from annotation.models import Dataset, Project
from annotation.questions import Form, compile_form, normalize_questions
from annotation.questions.definition import check_questions
from annotation.services.import_answer_options import Look
from annotation.services.import_fitting import Fitter, Misfit
from annotation.services.import_people import NOBODY, member_like
from annotation.services.import_speech import proposed
from annotation.services.import_voices import Expected, Reader, Voice
from annotation.services.readings import form_of

SHOWN = 8
MOST_AUTHORS = 30


@dataclass(frozen=True)
class Asked:
    """A question of the file, the project's question that it becomes (empty: none is known), and how often it is answered."""

    name: str
    becomes: str
    said: int


@dataclass(frozen=True)
class Author:
    """Somebody whom the file names, and the member that they are (empty: a new person stands for them)."""

    name: str
    said: int
    username: str


@dataclass(frozen=True)
class Shown:
    """One answer or prediction as it would be kept, or why it would not. `chips` are (question, value) in words."""

    row: int
    by: str
    chips: list[tuple[str, str]] = field(default_factory=list)
    refused: str = ""
    seconds: float | None = None
    at: Any = None
    is_prediction: bool = False


@dataclass(frozen=True)
class HeardPreview:
    """`counts` says how many answers, predictions, skips, truths, comments, tags and retired items there are, `kept` things of which types."""

    questions: list[Asked] = field(default_factory=list)
    authors: list[Author] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    proposed: list[dict[str, Any]] = field(default_factory=list)
    refused: int = 0

    @property
    def says_anything(self) -> bool:
        return any(self.counts.values())


def heard(dataset: Dataset, look: Look, rows: list[Record], hints: dict[str, Any]) -> HeardPreview:
    """What the first rows say, under the project's questions or those that would be made."""
    spoken = [(number, one) for number, one in enumerate(look.spoken, 1) if isinstance(one, Spoken)]
    said = [(number, answer) for number, one in spoken for answer in one.answers]
    counts = Counter(answer.as_ for _, answer in said)
    told = {
        "answers": counts["answer"],
        "truths": counts["truth"],
        "skips": counts["skip"],
        "predictions": sum(len(one.guesses) for _, one in spoken),
        "comments": sum(len(one.comments) for _, one in spoken),
        "tags": sum(len(one.tags) for _, one in spoken),
        "retired": sum(one.retired for _, one in spoken),
    }
    if not any(told.values()):
        return HeardPreview()
    project = dataset.project
    made = (
        []
        if project.schema_id
        else hints.get("questions") or proposed(look.options, rows, look.spoken, hints)
    )
    form = _form(project, made)
    shown, refused = _shown(dataset, look, form, spoken) if form else ([], 0)
    return HeardPreview(
        questions=_asked(look, form, spoken),
        authors=_authors(project, said),
        shown=shown,
        counts=told,
        kept=dict(Counter(kind for _, answer in said for kind in answer.kept_types)),
        proposed=normalize_questions(made) if made and not check_questions(made) else [],
        refused=refused,
    )


def _form(project: Project, made: list[dict[str, Any]]) -> Form | None:
    if project.schema_id:
        return form_of(project.schema_id)
    return compile_form(normalize_questions(made)) if made and not check_questions(made) else None


def _asked(look: Look, form: Form | None, spoken: list[tuple[int, Spoken]]) -> list[Asked]:
    said: Counter[str] = Counter()
    for _, one in spoken:
        said.update(question for answer in one.answers for question in answer.values)
        said.update({guess.question: 0 for guess in one.guesses})
    fitter = Fitter(form, questions=look.options["questions"]) if form else None
    return [Asked(name, _becomes(fitter, name), count) for name, count in said.items()]


def _becomes(fitter: Fitter | None, question: str) -> str:
    try:
        return (fitter.name_of(question) or "") if fitter else ""
    except Misfit:
        return ""


def _authors(project: Project, said: list[tuple[int, Said]]) -> list[Author]:
    counted = Counter(answer.author for _, answer in said if answer.author)
    return [
        Author(name, count, member.username if (member := member_like(project, name)) else "")
        for name, count in counted.most_common(MOST_AUTHORS)
    ]


def _shown(
    dataset: Dataset, look: Look, form: Form, spoken: list[tuple[int, Spoken]]
) -> tuple[list[Shown], int]:
    """The first ones, and how many of all of them would be refused."""
    options = look.options
    fitter = Fitter(
        form, questions=options["questions"], labels=options["labels"], keep=options["unfit"] == "keep"
    )
    platform = options["platform"]
    reader = Reader(dataset.project_id, fitter, platform=platform, author=options["author"] or NOBODY)
    found: list[Shown] = []
    refused = 0
    for number, one in spoken:
        told = [*reader.voices("", [(number, one)]), *reader.expected("", [(number, one)])]
        refused += sum(isinstance(what, Refused) for _, what in told)
        found += [_as_shown(form, number, what) for _, what in told] if len(found) < SHOWN else []
    return found[:SHOWN], refused


def _as_shown(form: Form, row: int, what: Voice | Expected | Refused) -> Shown:
    if isinstance(what, Refused):
        return Shown(row, what.field, refused=what.message)
    if isinstance(what, Expected):
        by = " ".join(filter(None, (what.source, what.version)))
        return Shown(row, by, _chips(form, {what.question: what.value}), is_prediction=True)
    chips = _chips(form, what.values)
    if what.said.as_ == "skip":
        chips = [("", "skipped")]
    kept = Counter(what.said.kept_types)
    chips += [("kept", ", ".join(f"{count} {kind}" for kind, count in kept.items()))] if kept else []
    return Shown(row, what.author, chips, seconds=what.seconds, at=what.at)


def _chips(form: Form, answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(shown.title, ", ".join(chip.text for chip in shown.chips)) for shown in form.shown(answer)]
