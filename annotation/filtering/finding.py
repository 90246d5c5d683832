"""The items that pass a filter, page by page, in the order of ids; fast whether many pass or none.

PostgreSQL alone is at a loss here: whether to walk the items until a page is full or to read an index and sort depends on
how many pass all conditions together and where they lie, which no statistics say. So: what an index says is rare is read
as a whole. Otherwise the nearest candidates are tried, a few, then more; what is frequent is found at once. Where that finds too
little, all that is left is worked out in one go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet

from annotation.expressions import write
from annotation.filtering.bounds import Bounds, among
from annotation.filtering.checking import Where
from annotation.filtering.fields import Source
from annotation.filtering.leads import Lead, leads_of
from annotation.filtering.limits import blamed
from annotation.filtering.matching import condition, matching
from annotation.models import Item, Project

# So many ids are read as a whole, and an index that seems to hold so many is worth a look.
FEW = 5_000
PERHAPS_FEW = 50_000
# How many candidates are tried one after the other before the rest is worked out at once.
WINDOWS = (500, 2_500, 12_500)
LEAPS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """The first ids in the direction of reading. `all` says that there are no others."""

    ids: list[int]
    all: bool


def find(
    project: Project, where: Where, *, after: int = 0, before: int | None = None, limit: int, most: int = 0
) -> Found:
    """The next `limit` ids after one, or the last before one, nearest first; and up to `most` where they cost little.

    Raises InvalidInput that names the slow condition if it takes too long.
    """
    low = max(after, _first(project) - 1)
    steps = _steps(project, where, Bounds(low, before), max(limit, most))
    ids: list[int] = []
    for step in steps:
        if step is None:
            if len(ids) >= limit:
                return Found(ids, all=False)
            continue
        ids += step
        if len(ids) >= max(limit, most):
            return Found(ids[: max(limit, most)], all=False)
    return Found(ids, all=True)


def page_ids(
    project: Project, where: Where, *, after: int = 0, before: int | None = None, limit: int
) -> list[int]:
    """The first ids after one, or the last ones before one, in ascending order."""
    ids = find(project, where, after=after, before=before, limit=limit).ids
    return ids if before is None else ids[::-1]


def _steps(project: Project, where: Where, bounds: Bounds, most: int) -> Iterator[list[int] | None]:
    """What passes, step by step; None before a step that may take long."""
    if not where:
        yield list(_in_order(Item.objects.filter(bounds.of("pk"), project=project), bounds)[:most])
        return
    leads = leads_of(where)
    for lead in leads:
        if lead.rows > PERHAPS_FEW:
            break
        with blamed(lead.text):
            few = list(lead.source.ids(bounds)[: FEW + 1])
        if len(few) <= FEW:
            yield _passing(project, where, bounds, few, most)
            return
    yield from _walk(project, where, bounds, [lead for lead in leads if lead.source.ordered], most)


def _walk(
    project: Project, where: Where, start: Bounds, leads: list[Lead], most: int
) -> Iterator[list[int] | None]:
    for size in WINDOWS:
        place = _leap(leads, start)
        near = _nearest(project, leads[0].source if leads else None, place, size) if place else []
        if place and near:
            yield _passing(project, where, place, near, most)
        if not place or len(near) < size:
            return
        start = _beyond(place, near[-1])
    if (place := _leap(leads, start)) is None:
        return
    yield None
    # By an order that no index offers, so that walking the items one by one is no option.
    order = F("pk") + 0 if place.high is None else F("pk") * -1
    with blamed(_slow(where)):
        rest = matching(project, where, place).order_by(order)
        yield list(rest.values_list("pk", flat=True)[:most])


def _leap(leads: list[Lead], bounds: Bounds) -> Bounds | None:
    """To the first place that all leads may have reached, for what passes is in each of them; None behind the end of one.

    Items of one kind often lie together: what was imported, or answered, at one time.
    """
    for _ in range(LEAPS):
        before = bounds
        for lead in leads:
            first = next(iter(_nearest(None, lead.source, bounds, 1)), None)
            if first is None:
                return None
            bounds = Bounds(first - 1, None) if bounds.high is None else Bounds(bounds.low, first + 1)
        if bounds == before:
            break
    return bounds


def _nearest(project: Project | None, source: Source | None, bounds: Bounds, size: int) -> list[int]:
    """Candidates in the direction of reading; without a source, items of the project."""
    if source is None:
        return list(_in_order(Item.objects.filter(bounds.of("pk"), project=project), bounds)[:size])
    return list(source.ids(bounds).order_by("place" if bounds.high is None else "-place")[:size])


def _passing(project: Project, where: Where, bounds: Bounds, ids: list[int], most: int) -> list[int]:
    """Those of these candidates that pass, in the direction of reading."""
    if not ids:
        return []
    inside = Bounds(min(ids) - 1, max(ids) + 1)
    items = Item.objects.filter(condition(where, inside), among(ids), project=project)
    with blamed(_slow(where)):
        return list(_in_order(items, bounds)[:most])


def _in_order(items: QuerySet[Item], bounds: Bounds) -> Any:
    return items.order_by("pk" if bounds.high is None else "-pk").values_list("pk", flat=True)


def _beyond(bounds: Bounds, last: int) -> Bounds:
    return Bounds(last, None) if bounds.high is None else Bounds(bounds.low, last)


def _slow(where: Where) -> str:
    """The condition that no index helps with, or the whole."""
    lone = (one for one, test in where.tests.items() if test.source is None and test.opposite is None)
    return next((write(one) for one in lone), where.text)


def _first(project: Project) -> int:
    """The project's smallest item id: where reading begins."""
    return Item.objects.filter(project=project).order_by("pk").values_list("pk", flat=True).first() or 1
