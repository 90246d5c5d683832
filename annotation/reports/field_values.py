"""Which values a field of the payload often has, from a sample: the same effort for a thousand items and for a million."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Max, Min

from annotation.errors import InvalidInput
from annotation.filtering import facts, limits
from annotation.models import Item, Project

# Items that stand together come from few pages of the table; places far apart make up for their being alike.
PLACES, TOGETHER = 40, 25
MOST = 30
# Larger payloads lie elsewhere and would have to be fetched and unpacked each.
_LARGEST = 8_000
_LIMIT = "250ms"

_FREQUENT = """
WITH drawn AS MATERIALIZED (
    SELECT DISTINCT i.id FROM unnest(%(places)s::bigint[]) AS p (place) CROSS JOIN LATERAL (
        SELECT id FROM annotation_item WHERE project_id = %(project)s AND id >= p.place ORDER BY id LIMIT %(together)s) i
), held AS MATERIALIZED (
    SELECT i.payload -> %(field)s AS value FROM drawn JOIN annotation_item i USING (id)
    WHERE pg_column_size(i.payload) <= %(largest)s
)
SELECT s.said, count(*) AS n, (SELECT count(*) FROM drawn) AS looked
FROM (SELECT value #>> '{}' AS said FROM held WHERE jsonb_typeof(value) IN ('string', 'number', 'boolean')
      UNION ALL
      SELECT e.value #>> '{}' FROM held, LATERAL jsonb_array_elements(
          CASE WHEN jsonb_typeof(held.value) = 'array' THEN held.value ELSE '[]' END) e
      WHERE jsonb_typeof(e.value) IN ('string', 'number', 'boolean')) s
WHERE length(s.said) BETWEEN 1 AND %(longest)s
GROUP BY s.said ORDER BY n DESC, s.said COLLATE "C" LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Values:
    """The most frequent first, each with how many of the items that were looked at have it; `whole`: these were all items."""

    values: tuple[tuple[str, int], ...]
    looked: int
    whole: bool


NOTHING = Values((), 0, False)


def frequent(*, project: Project, field: str) -> Values:
    """Values that items of a sample have in this field, alone or in a list; of a larger project only what several have.
    None of them where it would take long to tell."""
    ends = Item.objects.filter(project=project).aggregate(low=Min("pk"), high=Max("pk"))
    if ends["low"] is None:
        return NOTHING
    places = _places(ends["low"], ends["high"], random.Random(f"{project.pk}.{field}"))  # noqa: S311
    scope: dict[str, Any] = {"project": project.pk, "places": places, "field": field, "together": TOGETHER}
    scope |= {"largest": _LARGEST, "longest": facts.LONGEST, "most": MOST}
    try:
        with limits.time_limit(_LIMIT), connection.cursor() as cursor:
            cursor.execute(_FREQUENT, scope)
            rows = cursor.fetchall()
    except InvalidInput:
        return NOTHING
    looked = rows[0][2] if rows else 0
    # The first place is the first item: who finds fewer than it may has come to the last one.
    whole = ends["high"] - ends["low"] < PLACES * TOGETHER or 0 < looked < TOGETHER
    return Values(tuple((said, n) for said, n, _ in rows if whole or n > 1), looked, whole)


def _places(low: int, high: int, rng: random.Random) -> list[int]:
    """Where to look: everywhere in a small range, otherwise once in each of as many equal parts of it."""
    width = max(TOGETHER, (high - low + 1) / PLACES)
    starts = [low + int(part * width) for part in range(PLACES) if low + int(part * width) <= high]
    spare = int(width) - TOGETHER
    return [start + rng.randint(0, spare) if spare > 0 and start > low else start for start in starts]
