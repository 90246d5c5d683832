"""Figures that may be some seconds old, kept in Redis so that many viewers cost one query."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from redis import RedisError

T = TypeVar("T")

SHORTEST, LONGEST = 2, 60
# A figure is kept a hundred times as long as it took: at most a hundredth of one core goes into it.
KEPT_PER_SPENT = 100


def lifetime(spent: float) -> int:
    """For how many seconds to keep what took so many seconds to compute: small projects are fresh, large ones cheap."""
    return int(min(LONGEST, max(SHORTEST, spent * KEPT_PER_SPENT)))


def cached(key: str, compute: Callable[[], T], *, seconds: int | None = None) -> T:
    """The value under this key, computed when it is missing; kept for `seconds`, or as long as its cost suggests."""
    try:
        found: T | None = cache.get(key)
        if found is not None:
            return found
        started = time.perf_counter()
        found = compute()
        cache.set(key, found, lifetime(time.perf_counter() - started) if seconds is None else seconds)
    except RedisError:
        # Redis only saves time here: while it is away, each viewer's figures are computed for them.
        return compute()
    return found
