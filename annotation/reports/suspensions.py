"""Members who fell below the bar, and the answers that are in doubt for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from annotation.models import Annotation, Item, Project, Suspension
from annotation.services import gold_sql, hot


@dataclass(frozen=True, slots=True)
class Doubt:
    """A suspension with how many answers are in doubt now (revised ones once, gold questions not), and from when to when
    they were given."""

    suspension: Suspension
    answers: int
    first: datetime | None
    last: datetime | None


def listed(*, project: Project, open_only: bool = False, after: int = 0, limit: int = 100) -> list[Doubt]:
    """Suspensions of a project by id."""
    found = Suspension.objects.filter(project=project, pk__gt=after)
    if open_only:
        found = found.filter(closed_at=None)
    return doubts(found.select_related("user", "closed_by").order_by("pk")[:limit])


def doubts(suspensions: Iterable[Suspension]) -> list[Doubt]:
    shown = list(suspensions)
    rows = hot.rows(gold_sql.COUNT_DOUBTFUL, {"suspensions": [one.pk for one in shown]}) if shown else []
    counted = {row.id: row for row in rows}
    return [
        Doubt(one, row.n, row.first, row.last)
        if (row := counted.get(one.pk)) and not one.closed_at
        else Doubt(one, 0, None, None)
        for one in shown
    ]


def doubtful_on(item: Item, annotations: Sequence[int]) -> set[int]:
    """Which of these answers to an item are in doubt, and nobody has decided what becomes of them; none to gold questions."""
    if hasattr(item, "gold"):
        return set()
    said = {one.pk: one.annotator_id for one in Annotation.objects.filter(pk__in=annotations)}
    open_ones = Suspension.objects.filter(project=item.project_id, user__in=said.values(), closed_at=None)
    return {
        pk
        for one in open_ones
        for pk, person in said.items()
        if person == one.user_id and one.first_annotation <= pk <= one.last_annotation
    }
