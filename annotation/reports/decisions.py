"""What experts did: the steps on an item, and what they decided lately."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotation.models import Adjudication, Consensus, Item, Project, User
from annotation.questions import Shown
from annotation.reports.readings import Readings, readings_under


@dataclass(frozen=True, slots=True)
class Step:
    """What an expert did before."""

    id: int
    kind: str
    text: str
    by: User
    note: str
    answer: dict[str, Any] | None
    shown: tuple[Shown, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """A step of an expert, and whether it is the decision that stands."""

    step: Step
    item: Item
    stands: bool


_DID = {
    Adjudication.Kind.DECIDED: "decided",
    Adjudication.Kind.REOPENED: "reopened it",
    Adjudication.Kind.MORE: "asked for one more answer",
    Adjudication.Kind.SENT_BACK: "sent it back to the annotators",
    Adjudication.Kind.RETIRED: "retired it",
}


def steps_of(*, schema_id: int | None, items: Sequence[int]) -> dict[int, list[Step]]:
    """What experts did with these items, by item, oldest first."""
    return steps_under(readings_under(schema_id), items) if schema_id else defaultdict(list)


def steps_under(readings: Readings, items: Sequence[int]) -> dict[int, list[Step]]:
    """The same, read by what reads answers already."""
    found: dict[int, list[Step]] = defaultdict(list)
    for row in Adjudication.objects.filter(item__in=items).select_related("by").order_by("pk"):
        found[row.item_id].append(_step(readings, row))
    return found


def _step(readings: Readings, row: Adjudication) -> Step:
    answer = readings.read(row.schema_id, row.answer)[0] if row.answer is not None and row.schema_id else None
    shown = tuple(readings.form.shown(answer)) if answer else ()
    text = _DID[Adjudication.Kind(row.kind)]
    return Step(row.pk, row.kind, text, row.by, row.note, answer, shown, row.created_at)


def decisions(*, project: Project, before: int | None = None, limit: int = 50) -> list[Decision]:
    """What experts did in a project, the latest first."""
    found = Adjudication.objects.filter(project=project).select_related("by", "item").order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[:limit])
    if not rows or project.schema_id is None:
        return []
    readings = readings_under(project.schema_id)
    items = {row.item_id for row in rows}
    decided = set(
        Consensus.objects.filter(item__in=items, status=Consensus.Status.ADJUDICATED).values_list(
            "item", flat=True
        )
    )
    latest: dict[int, int] = dict(
        Adjudication.objects.filter(item__in=items).order_by("item_id", "pk").values_list("item_id", "pk")
    )
    return [
        Decision(
            step=_step(readings, row),
            item=row.item,
            stands=row.kind == Adjudication.Kind.DECIDED
            and row.item_id in decided
            and latest[row.item_id] == row.pk,
        )
        for row in rows
    ]
