"""How many items pass a filter: exactly while they are few, about how many beyond."""

from __future__ import annotations

import random
from dataclasses import dataclass
from hashlib import sha256

from django.core.cache import cache
from django.db.models import Count, Max, Min, Q

from annotation.filtering.bounds import Bounds, among
from annotation.filtering.checking import Where
from annotation.filtering.finding import Found, find
from annotation.filtering.matching import condition
from annotation.models import Item, Project

COUNTED = 1_000
# So many items are drawn for an estimate; with fewer hits than this it is none. It is kept for a minute.
DRAWN = 2_000
LEAST_HITS = 10
KEPT = 60


@dataclass(frozen=True, slots=True)
class Counted:
    """`total` is exact unless `bounded`; then there are more, `about` so many if that can be said."""

    total: int
    bounded: bool
    about: int | None


def counted(project: Project, where: Where, begun: Found | None = None) -> Counted:
    """`begun` is what was found from the first item on."""
    found = begun or find(project, where, limit=0, most=COUNTED + 1)
    if found.all and len(found.ids) <= COUNTED:
        return Counted(len(found.ids), False, None)
    about = _about(project, where)
    total = min(len(found.ids), COUNTED)
    return Counted(total, True, about if about > total else None)


def _about(project: Project, where: Where) -> int:
    digest = sha256(where.text.encode()).hexdigest()[:24]
    key = f"filter-estimate:{project.pk}:{digest}"
    about: int | None = cache.get(key)
    if about is None:
        about = estimate(project, where, random.Random(key))  # noqa: S311
        cache.set(key, about, KEPT)
    return about


def estimate(project: Project, where: Where, rng: random.Random) -> int:
    """About how many items pass, from items drawn at random; 0 where too few of them do to say so."""
    ends = Item.objects.filter(project=project).aggregate(low=Min("pk"), high=Max("pk"))
    if ends["low"] is None:
        return 0
    span = range(ends["low"], ends["high"] + 1)
    drawn = rng.sample(span, min(DRAWN, len(span)))
    passing = condition(where, Bounds(span.start - 1, span.stop)) if where else Q()
    hits = Item.objects.filter(passing, among(drawn), project=project).aggregate(n=Count("pk"))["n"]
    return len(span) * hits // len(drawn) if hits >= LEAST_HITS else 0
