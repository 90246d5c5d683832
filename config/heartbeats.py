"""Signs of life of workers and beat, kept in Redis so that a page can ask without waiting for an answer from each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# A worker says so every 2 s, beat every 5 s; three missed signs of beat mean that it is gone.
FRESH_SECONDS = 15
_FORGET_SECONDS = 86_400


@dataclass(frozen=True)
class Sign:
    """The last sign of life of one process."""

    name: str
    queues: frozenset[str]
    at: datetime
    age: float

    @property
    def fresh(self) -> bool:
        return self.age <= FRESH_SECONDS


@cache
def client() -> Redis:
    """A client that gives up after a second, for callers that must not hang with Redis."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def give(kind: str, name: str, queues: Iterable[str] = (), *, stopping: bool = False) -> None:
    """Record a sign of life; `stopping` makes it stale at once. The clock is that of Redis, the same for everybody."""
    now = _now()
    member = f"{name} {','.join(sorted(queues))}"
    with client().pipeline(transaction=False) as pipe:
        pipe.zadd(_key(kind), {member: now - FRESH_SECONDS - 1 if stopping else now})
        pipe.zremrangebyscore(_key(kind), 0, now - _FORGET_SECONDS)
        pipe.execute()


def signs(kind: str) -> list[Sign]:
    """The last sign of each process of this kind heard of today, newest first."""
    now = _now()
    rows: Any = client().zrange(_key(kind), 0, -1, desc=True, withscores=True)
    return [_sign(member, score, now) for member, score in rows]


def _sign(member: str, score: float, now: float) -> Sign:
    name, _, queues = member.partition(" ")
    return Sign(name, frozenset(queues.split(",")), datetime.fromtimestamp(score, UTC), now - score)


def _now() -> float:
    seconds, microseconds = client().time()
    return float(seconds) + microseconds / 1e6


def _key(kind: str) -> str:
    return f"querent:alive:{kind}"
