"""Members who fell below the bar, and the answers that are in doubt for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from annotation.models import Annotation, Item, Project, Suspension

# For several suspensions at once: how many answers each puts in doubt that nobody has set aside.
_COUNT_DOUBTFUL = """
SELECT s.id, count(*) AS n, min(a.created_at) AS first, max(a.created_at) AS last
FROM annotation_suspension s
JOIN annotation_annotation a ON a.project_id = s.project_id AND a.annotator_id = s.user_id
     AND a.id BETWEEN s.first_annotation AND s.last_annotation
JOIN annotation_lease l ON l.item_id = a.item_id AND l.annotator_id = a.annotator_id
WHERE s.id = ANY(%(suspensions)s) AND l.state IN ('submitted', 'again') AND a.supersedes_id IS NULL
  AND NOT EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = a.item_id)
GROUP BY s.id
"""


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
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_DOUBTFUL, {"suspensions": [one.pk for one in shown]})
        counted = {pk: counts for pk, *counts in cursor.fetchall()}
    nothing = [0, None, None]
    return [Doubt(one, *(nothing if one.closed_at else counted.get(one.pk, nothing))) for one in shown]


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
