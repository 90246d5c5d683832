"""What the pool knows of its keys, for people; and what people may change there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from redis import Redis

from labelmodel.endpoints.keys import Key
from labelmodel.endpoints.pool import base_of

_MOST_HOURS = 40 * 24
# As the pool counts them, in the order of Used.
_USED = ("requests", "errors", "tokens_in", "tokens_out", "401", "403", "429")


@dataclass(frozen=True, slots=True)
class Used:
    """How much was used, and how often it was refused: 401 (no such key), 403 and 429 (too much)."""

    requests: int = 0
    errors: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    denied: int = 0
    forbidden: int = 0
    limited: int = 0


@dataclass(frozen=True, slots=True)
class KeyState:
    """A key as it stands. `shown` is what people may see of it. `cooling_until`: not used before; `off_at`: not used at all."""

    id: str
    shown: str
    used: Used
    in_flight: int
    tokens_today: int
    failures: int
    cooling_until: datetime | None
    why: str
    off_at: datetime | None
    off_why: str

    @property
    def stands(self) -> Literal["on", "cooling", "off"]:
        """Whether it may be used."""
        return "off" if self.off_at else "cooling" if self.cooling_until else "on"


@dataclass(frozen=True, slots=True)
class EndpointState:
    """Whether the endpoint itself is given a rest: nothing is sent before `cooling_until`, whatever the key."""

    failures: int
    cooling_until: datetime | None
    why: str


def endpoint_state(redis: Redis, endpoint: str) -> EndpointState:
    """How the endpoint stands. Raises redis.RedisError."""
    now, held = _now(redis), _hash(redis, f"{base_of(endpoint)}:endpoint")
    return EndpointState(_number(held, "failures"), _coming(held, now), held.get("why", ""))


def key_state(redis: Redis, endpoint: str, key: Key) -> KeyState:
    """How a key stands. Raises redis.RedisError."""
    base, now = base_of(endpoint), _now(redis)
    held = _hash(redis, f"{base}:key:{key.id}")
    today = _number(held, "day") == now // 86_400_000
    return KeyState(
        id=key.id,
        shown=key.secret.shown if key.secret else "",
        used=_used(held),
        in_flight=redis.zcount(f"{base}:leases:{key.id}", now, "+inf"),
        tokens_today=_number(held, "day_tokens") if today else 0,
        failures=_number(held, "failures"),
        cooling_until=_coming(held, now),
        why=held.get("why", ""),
        off_at=_time(_number(held, "off_at")) if "off_at" in held else None,
        off_why=held.get("off_why", ""),
    )


def hours(redis: Redis, endpoint: str, key_id: str, most: int = 24) -> list[tuple[datetime, Used]]:
    """What the key used in each of the latest hours, oldest first. Kept for 40 days. Raises redis.RedisError."""
    latest = _now(redis) // 3_600_000
    numbers = range(latest - min(most, _MOST_HOURS) + 1, latest + 1)
    with redis.pipeline(transaction=False) as pipe:
        for number in numbers:
            pipe.hgetall(f"{base_of(endpoint)}:hour:{key_id}:{number}")
        found = pipe.execute()
    return [
        (_time(number * 3_600_000), _used(_read(held))) for number, held in zip(numbers, found, strict=True)
    ]


def put_back(redis: Redis, endpoint: str, key_id: str) -> None:
    """Use a key again that was switched off or is cooling down. Raises redis.RedisError."""
    base = base_of(endpoint)
    redis.hdel(f"{base}:key:{key_id}", "off_at", "off_why", "failures", "cool_until", "cooled_at", "why")


def wake(redis: Redis, endpoint: str) -> None:
    """Ask an endpoint again that is given a rest. Raises redis.RedisError."""
    redis.hdel(f"{base_of(endpoint)}:endpoint", "failures", "cool_until", "cooled_at", "why")


def switch_off(redis: Redis, endpoint: str, key_id: str, why: str) -> None:
    """Use a key no more, until it is put back. Raises redis.RedisError."""
    name = f"{base_of(endpoint)}:key:{key_id}"
    with redis.pipeline() as pipe:
        pipe.hsetnx(name, "off_at", str(_now(redis)))
        pipe.hsetnx(name, "off_why", why[:300])
        pipe.execute()


def forget(redis: Redis, endpoint: str, key_id: str) -> None:
    """Keep nothing about a key that is gone. Raises redis.RedisError."""
    base = base_of(endpoint)
    named = [f"{base}:{what}:{key_id}" for what in ("key", "minute", "leases")]
    redis.delete(*named, *redis.scan_iter(match=f"{_literal(base)}:hour:{key_id}:*", count=1000))


def _literal(name: str) -> str:
    return "".join(f"\\{letter}" if letter in "*?[]\\" else letter for letter in name)


def _now(redis: Redis) -> int:
    seconds, microseconds = redis.time()
    return seconds * 1000 + microseconds // 1000


def _hash(redis: Redis, name: str) -> dict[str, str]:
    return _read(cast("Mapping[Any, Any]", redis.hgetall(name)))


def _read(held: Mapping[Any, Any]) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in held.items()}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _number(held: Mapping[str, str], name: str) -> int:
    return int(held.get(name, "0"))


def _used(held: Mapping[str, str]) -> Used:
    return Used(*(_number(held, name) for name in _USED))


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _coming(held: Mapping[str, str], now: int) -> datetime | None:
    until = _number(held, "cool_until")
    return _time(until) if until > now else None
