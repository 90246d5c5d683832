"""What comes next in a project's queue, in order, and why."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from active.models import Selection
from active.reports.excerpts import NOTHING, Excerpt, excerpts
from active.reports.selections import BATCH_ABOVE, Near, near
from annotation.errors import Fault, InvalidInput
from annotation.models import Item, Project
from annotation.services import predictions

# A place in the queue: priority and item.
_PLACE = re.compile(r"(?P<priority>-?[0-9][0-9.e+-]{0,40}):(?P<item>[0-9]{1,18})", re.ASCII)
IN_ORDER = "Next in order"
MOST_COUNTED = 10_000

_NEXT = """
SELECT id, priority FROM annotation_item
WHERE project_id = %(project)s AND state = 'open' AND open_slots > 0
  AND (priority * -1, id) > (%(priority)s::float8 * -1, %(item)s::bigint)
ORDER BY priority * -1, id LIMIT %(limit)s
"""
_COUNT = """
SELECT count(*) FROM (SELECT 1 FROM annotation_item
    WHERE project_id = %(project)s AND state = 'open' AND open_slots > 0 AND {place} LIMIT %(limit)s) counted
"""
_PLACES = (
    "priority * -1 < %(batch)s",
    "priority * -1 >= %(batch)s AND priority * -1 < 0",
    "priority * -1 >= 0",
)


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the model in use says of an item; `confidence` is None where it did not say how sure it is."""

    value: Any
    confidence: float | None
    version: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """One item of the queue. Without a round it comes in order; `reason` is then what annotators are told.

    `kind`, `strategy`, `score` and `rank` are those of the selection that put it where it is.
    """

    id: int
    key: str
    excerpt: Excerpt
    priority: float
    answers: int
    wanted: int
    open_slots: int
    reason: str
    round: int | None
    kind: str
    strategy: str
    score: float | None
    rank: int | None
    nearest: tuple[Near, ...]
    predicted: Predicted | None

    @property
    def place(self) -> str:
        return f"{self.priority!r}:{self.id}"

    @property
    def kind_title(self) -> str:
        return Selection.Kind(self.kind).label if self.kind else ""


def listed(*, project: Project, question: str, after: str = "", limit: int = 50) -> list[Waiting]:
    """The queue behind a place, soonest first. Raises InvalidInput for what is no place."""
    priority, item = place_of(after) if after else (math.inf, 0)
    scope = {"project": project.pk, "priority": priority, "item": item, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, scope)
        ids = [row[0] for row in cursor.fetchall()]
    items = Item.objects.defer("payload").in_bulk(ids)
    why = {row.item_id: row for row in _latest(ids)}
    texts = excerpts(project=project, items=ids)
    said = predictions.latest(items=ids) if ids else {}
    return [
        _waiting(items[pk], why.get(pk), texts.get(pk, NOTHING), said.get(pk, {}).get(question))
        for pk in ids
        if pk in items
    ]


def place_of(text: str) -> tuple[float, int]:
    """Raises InvalidInput."""
    fault = Fault(("after",), "Not a place in the queue: take it from `next` of the page before.")
    if not (found := _PLACE.fullmatch(text)):
        raise InvalidInput(fault.message, faults=[fault])
    try:
        priority = float(found["priority"])
    except ValueError as error:
        raise InvalidInput(fault.message, faults=[fault]) from error
    if not math.isfinite(priority):
        raise InvalidInput(fault.message, faults=[fault])
    return priority, int(found["item"])


@dataclass(frozen=True, slots=True)
class Length:
    """Items that were chosen and are still in the queue, those in reserve behind them (and new ones that the model doubts),
    and all the others in it; each counted up to MOST_COUNTED."""

    chosen: int
    reserve: int
    others: int


def length(project: Project) -> Length:
    scope = {"project": project.pk, "limit": MOST_COUNTED, "batch": -BATCH_ABOVE}
    with connection.cursor() as cursor:
        counted = []
        for place in _PLACES:
            cursor.execute(_COUNT.format(place=place), scope)
            counted.append(cursor.fetchone()[0])
    return Length(*counted)


def _latest(items: list[int]) -> QuerySet[Selection]:
    """The latest selection of each item that took it to the queue."""
    found = Selection.objects.filter(item__in=items, published=True).select_related("round")
    return found.order_by("item", "-pk").distinct("item")


def _waiting(item: Item, why: Selection | None, excerpt: Excerpt, said: predictions.Latest | None) -> Waiting:
    # A selection that is not what the item stands by any more tells nothing about its place.
    chosen = why if why and item.priority > 0 and math.isclose(why.priority, item.priority) else None
    told = chosen.reason if chosen else item.reason
    return Waiting(
        *(item.pk, item.key, excerpt, item.priority, item.answers, item.wanted, item.open_slots),
        told or IN_ORDER,
        chosen.round.number if chosen else None,
        chosen.kind if chosen else "",
        chosen.strategy if chosen else "",
        chosen.score if chosen else None,
        chosen.rank if chosen else None,
        near(chosen.nearest) if chosen else (),
        Predicted(said.value, said.confidence, said.version) if said else None,
    )
