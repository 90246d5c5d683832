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

from django.db.models import F, Q, QuerySet

from annotation.expressions import write
from annotation.filtering.bounds import Bounds, among
from annotation.filtering.candidates import Candidates, candidates
from annotation.filtering.checking import Where
from annotation.filtering.fields import Source, source_of_items
from annotation.filtering.leads import Lead, leads_of
from annotation.filtering.limits import blamed
from annotation.filtering.matching import condition, matching
from annotation.models import Item, Project

# So many ids are read as a whole where an index seems to have few: at once, and when the nearest candidates did not do.
FEW, SOME = 5_000, 20_000
# How many candidates are tried: the nearest, and more when it comes to that, before the rest is worked out at once.
NEAREST, FARTHER = (500, 2_500), (12_500, 62_500)
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
    few = _few(leads, bounds, FEW, FEW)
    if few is None:
        walk = _Walk(project, where, bounds, [lead for lead in leads if lead.source.ordered], most)
        yield from walk.through(NEAREST)
        if walk.place is None:
            return
        yield None
        few = _few(leads, walk.place, SOME, 2 * SOME)
        if few is None:
            yield from walk.through(FARTHER)
            yield from walk.rest()
            return
        bounds = walk.place
    yield _passing(project, where, bounds, few, most)


def _few(leads: list[Lead], bounds: Bounds, most: int, seeming: int) -> Candidates | None:
    """All that the shortest lead holds, if these are not more than `most`; leads that seem to hold more than `seeming` are
    not tried."""
    for lead in leads:
        if lead.rows <= seeming and not lead.source.late:
            with blamed(lead.text):
                few = candidates(lead.source.ids(bounds), most + 1)
            if few.count <= most:
                return few
    return None


@dataclass(slots=True)
class _Walk:
    """Through the candidates of the shortest lead, window by window. `place` is what is left, None behind the end."""

    project: Project
    where: Where
    place: Bounds | None
    leads: list[Lead]
    most: int

    def through(self, sizes: tuple[int, ...]) -> Iterator[list[int]]:
        for size in sizes:
            if self.place is None or (place := _leap(self.leads, self.place)) is None:
                self.place = None
                return
            near = _nearest(self.project, self.leads[0].source if self.leads else None, place, size)
            self.place = _beyond(place, near) if near.count == size else None
            yield _passing(self.project, self.where, place, near, self.most)

    def rest(self) -> Iterator[list[int] | None]:
        if self.place is None or (place := _leap(self.leads, self.place)) is None:
            return
        yield None
        # By an order that no index offers, so that walking the items one by one is no option.
        order = F("pk") + 0 if place.high is None else F("pk") * -1
        with blamed(_slow(self.where)):
            found = matching(self.project, self.where, place).order_by(order)
            yield list(found.values_list("pk", flat=True)[: self.most])


def _leap(leads: list[Lead], bounds: Bounds) -> Bounds | None:
    """To the first place that all leads may have reached, for what passes is in each of them; None behind the end of one.

    Items of one kind often lie together: what was imported, or answered, at one time.
    """
    for _ in range(LEAPS):
        before = bounds
        for lead in leads:
            first = _nearest(None, lead.source, bounds, 1)
            if not first.count:
                return None
            bounds = (
                Bounds(first.low - 1, None) if bounds.high is None else Bounds(bounds.low, first.high + 1)
            )
        if bounds == before:
            break
    return bounds


def _nearest(project: Project | None, source: Source | None, bounds: Bounds, size: int) -> Candidates:
    """Candidates in the direction of reading; without a source, items of the project."""
    source = source or source_of_items(project, Q())
    return candidates(source.nearest(bounds, size), size)


def _passing(project: Project, where: Where, bounds: Bounds, near: Candidates, most: int) -> list[int]:
    """Those of these candidates that pass, in the direction of reading."""
    if not near.count:
        return []
    inside = Bounds(near.low - 1, near.high + 1)
    items = Item.objects.filter(condition(where, inside), among(near.ids), project=project)
    with blamed(_slow(where)):
        return list(_in_order(items, bounds)[:most])


def _in_order(items: QuerySet[Item], bounds: Bounds) -> Any:
    return items.order_by("pk" if bounds.high is None else "-pk").values_list("pk", flat=True)


def _beyond(bounds: Bounds, near: Candidates) -> Bounds:
    return Bounds(near.high, None) if bounds.high is None else Bounds(bounds.low, near.low)


def _slow(where: Where) -> str:
    """The condition that no index helps with, or the whole."""
    lone = (one for one, test in where.tests.items() if test.source is None and test.opposite is None)
    return next((write(one) for one in lone), where.text)


def _first(project: Project) -> int:
    """The project's smallest item id: where reading begins."""
    return Item.objects.filter(project=project).order_by("pk").values_list("pk", flat=True).first() or 1
