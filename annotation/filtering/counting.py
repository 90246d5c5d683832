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
# So many items are drawn for an estimate; with fewer hits than this it is none.
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
    """`begun` is what was found from the first item on. What is not exact is kept for a minute, for the next pages."""
    key = f"filter-count:{project.pk}:{where.gold}:{sha256(where.text.encode()).hexdigest()[:24]}"
    if begun is None and (kept := cache.get(key)):
        return Counted(*kept)
    found = begun or find(project, where, limit=0, most=COUNTED + 1)
    total = min(len(found.ids), COUNTED)
    if found.all and len(found.ids) <= COUNTED:
        return Counted(total, False, None)
    kept = cache.get(key)
    about = kept[2] if kept else estimate(project, where, random.Random(key))  # noqa: S311
    about = about if about and about > total else None
    cache.set(key, (total, True, about), KEPT)
    return Counted(total, True, about)


def estimate(project: Project, where: Where, rng: random.Random) -> int:
    """About how many items pass, from items drawn at random; 0 where too few of them do to say so."""
    ends = Item.objects.filter(project=project).aggregate(low=Min("pk"), high=Max("pk"))
    if ends["low"] is None:
        return 0
    span = range(ends["low"], ends["high"] + 1)
    drawn = rng.sample(span, min(DRAWN, len(span)))
    ids = f"{{{','.join(map(str, sorted(drawn)))}}}"
    passing = condition(where, Bounds(span.start - 1, span.stop)) if where else Q()
    hits = Item.objects.filter(passing, among(ids), project=project).aggregate(n=Count("pk"))["n"]
    return len(span) * hits // len(drawn) if hits >= LEAST_HITS else 0
