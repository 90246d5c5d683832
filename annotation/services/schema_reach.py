"""What else reads a project's questions besides answers, and what a new version of them means for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from annotation import filtering
from annotation.errors import DomainError
from annotation.models import Consensus, Prediction, Project, Schema, Split
from annotation.questions import Change
from annotation.questions.changes import Kind

_GONE = {Kind.QUESTION_REMOVED, Kind.LABEL_UNDECIDED, Kind.LABEL_DROPPED}


@dataclass(frozen=True, slots=True)
class Consequence:
    """One thing that reads questions: how many of it are touched, and what becomes of them, in words."""

    kind: str
    count: int
    text: str
    # How many different items these are about, where they are about items.
    items: int | None = None


Reach = Callable[[Project, Sequence[Change]], Iterator[Consequence]]
# Layers above add what they know: what they learned from the old labels.
REACHES: list[Reach] = []


def consequences(
    *, project: Project, questions: list[Any], found: Sequence[Change], gold: int
) -> list[Consequence]:
    """What becomes of consensus, decisions, `gold` known answers, predictions, splits, saved views and snapshots. Changes
    nothing."""
    if project.schema is None:
        return []
    touching = [change for change in found if change.touches]
    reaches: list[Reach] = [_consensus, _decisions, _predictions, _snapshots, *REACHES]
    told = [one for reach in reaches for one in reach(project, touching) if one.count]
    return [*told, *_gold(gold), *_splits(project, questions), *_views(project, questions)]


def _rows(touching: Sequence[Change]) -> Q:
    """Rows with a question and a value that these changes are about."""
    whole = {change.source for change in touching if not change.label}
    wanted = Q(question__in=whole)
    for change in touching:
        if change.label:
            value = Q(value=change.label) | Q(value__contains=[change.label])
            wanted |= Q(question=change.source) & value
    return wanted


def _consensus(project: Project, touching: Sequence[Change]) -> Iterator[Consequence]:
    if touching:
        mine = Consensus.objects.filter(project=project, status=Consensus.Status.AUTO)
        text = "The consensus of these items is weighed anew within minutes."
        yield _counted("consensus", mine.filter(_rows(touching)), text)


def _decisions(project: Project, touching: Sequence[Change]) -> Iterator[Consequence]:
    decided = Consensus.objects.filter(project=project, status=Consensus.Status.ADJUDICATED)
    gone = [change for change in touching if change.kind in _GONE]
    if gone:
        text = "These decisions of experts lack an answer under the new version; they stay in the record."
        yield _counted("decisions", decided.filter(_rows(gone)), text)


def _predictions(project: Project, touching: Sequence[Change]) -> Iterator[Consequence]:
    if touching:
        said = Prediction.objects.filter(project=project)
        text = "These predictions are read under the new version as answers are; what lacks a label is suggested no longer."
        yield _counted("predictions", said.filter(_rows(touching)), text)


def _counted(kind: str, rows: QuerySet[Any], text: str) -> Consequence:
    found = rows.aggregate(rows=Count("pk"), items=Count("item", distinct=True))
    return Consequence(kind, found["rows"], text, found["items"])


def _gold(count: int) -> Iterator[Consequence]:
    if count:
        text = "The known answers of these gold questions are read under the new version as others are."
        yield Consequence("gold", count, text, count)


def _splits(project: Project, questions: list[Any]) -> Iterator[Consequence]:
    """Splits that go by a question that is not asked under that name any longer."""
    names = {question["name"] for question in questions}
    for split in project.splits.filter(kind=Split.Kind.STRATIFIED).exclude(by__in=names).order_by("name"):
        text = f"The split “{split.name}” goes by “{split.by}”: items stay in their parts, new ones are parted whatever their label."
        yield Consequence("splits", 1, text)


def _snapshots(project: Project, touching: Sequence[Change]) -> Iterator[Consequence]:
    if touching:
        count = project.snapshots.filter(state="done").count()
        text = "Snapshots stay as they are, under the versions that they name; the next one reads answers under the new one."
        yield Consequence("snapshots", count, text)


def _views(project: Project, questions: list[Any]) -> Iterator[Consequence]:
    """Saved views that could not be read any longer."""
    then = Project.objects.get(pk=project.pk)
    then.schema = Schema(pk=project.schema_id, project=project, version=0, questions=questions)
    for view in project.views.exclude(where="").order_by("name"):
        if _reads(project, view.where) and (fault := _fault(then, view.where)):
            text = f"The saved view “{view.name}” can no longer be read: {fault}"
            yield Consequence("views", 1, text)


def _reads(project: Project, where: str) -> bool:
    return not _fault(project, where)


def _fault(project: Project, where: str) -> str:
    try:
        filtering.checked(project, where, gold=True)
    except DomainError as error:
        return str(error)
    return ""
