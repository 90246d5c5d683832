"""The pool of an endpoint's keys, in Redis: which key the next request goes with, and until when none may.

All workers share it. Redis never holds a key, only the id that it is counted by; what it keeps outlives workers, and Redis too
as far as that writes down what it holds. Nothing here waits or tries again: when no key is free, that is the answer.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from redis import Redis

from labelmodel.endpoints import pool_lua
from labelmodel.endpoints.keys import Key, Secret

Why = Literal["busy", "minute", "day", "cooling", "endpoint", "off"]
# ok; refused: this question alone; limited: 403 or 429; denied: 401; failed: the endpoint is at fault; misfit: neither it nor
# the key, but how they are used; cut: somebody cancelled before there was an answer.
Outcome = Literal["ok", "refused", "limited", "denied", "failed", "misfit", "cut"]


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds to wait behind a failure where the server does not say: `first`, then doubled each time up to `most`."""

    first: float = 5.0
    most: float = 3_600.0
    # The longest that a server may ask for.
    longest_told: float = 86_400.0
    # So many failures of the endpoint in a row stop it, whatever the key.
    failures: int = 3


@dataclass(frozen=True, slots=True)
class Lease:
    """One request may be sent with this key. Tell the pool by `settle` what came of it."""

    id: str
    key: str
    secret: Secret | None
    tokens: int
    day: int


@dataclass(frozen=True, slots=True)
class Wait:
    """No request may be sent now. `seconds` None: not before somebody switches a key on."""

    why: Why
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a request. `wait`: seconds that the server asks for; `said`: in words, for people, without the key; `status`:
    of HTTP, 0 where there was no answer."""

    outcome: Outcome
    tokens_in: int = 0
    tokens_out: int = 0
    wait: float | None = None
    said: str = ""
    status: int = 0


class Pool:
    """The keys of one endpoint. Threads may share it. Every call may raise redis.RedisError."""

    def __init__(
        self,
        redis: Redis,
        endpoint: str,
        keys: Sequence[Key],
        *,
        patience: float = 150.0,
        pauses: Pauses = Pauses(),
    ) -> None:
        """patience: seconds after which a request that nobody settled is given up; more than one may take."""
        self._keys = {key.id: key for key in keys}
        self._base = base_of(endpoint)
        self._patience = _milliseconds(patience)
        self._pauses = pauses
        self._take = redis.register_script(pool_lua.TAKE)
        self._settle = redis.register_script(pool_lua.SETTLE)

    def take(self, tokens: int) -> Lease | Wait:
        """The key that is used least of those that are free, for a request that costs at most so many tokens."""
        lease = secrets.token_hex(12)
        told = [part for key in self._keys.values() for part in _told(key)]
        said = self._take(keys=[self._base], args=[lease, tokens, self._patience, *told])
        kind, first, second = (_text(part) for part in said)
        if kind == "key":
            return Lease(lease, first, self._keys[first].secret, tokens, int(second))
        return Wait(first, int(second) / 1000 if int(second) >= 0 else None)  # type: ignore[arg-type]

    def settle(self, lease: Lease, settled: Settled) -> bool:
        """Say what came of a request; False when it had been settled, or was given up, before. Safe to call twice."""
        pauses = self._pauses
        told = -1 if not settled.wait or settled.wait <= 0 else min(settled.wait, pauses.longest_told)
        args: list[Any] = [
            lease.key,
            lease.id,
            self._patience,
            lease.day,
            lease.tokens,
            settled.outcome,
            settled.tokens_in,
            settled.tokens_out,
            _milliseconds(told) if told > 0 else -1,
            _milliseconds(pauses.first),
            _milliseconds(pauses.most),
            random.random(),  # noqa: S311 - spreads workers that failed together
            settled.said[:300],
            pauses.failures,
            settled.status,
        ]
        return bool(self._settle(keys=[self._base], args=args))


def base_of(endpoint: str) -> str:
    """What the names of everything about this endpoint begin with."""
    return f"querent:endpoint:{{{endpoint}}}"


def _told(key: Key) -> tuple[str, int, int, int]:
    limits = key.limits
    return key.id, limits.requests_a_minute or 0, limits.tokens_a_day or 0, limits.at_once


def _milliseconds(seconds: float) -> int:
    return max(round(seconds * 1000), 1)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
