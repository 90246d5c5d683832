"""Answers that were paid for, kept for some days so that the same question is not asked twice, and questions that failed, which
are asked ever more rarely. By digest: the words of items are not kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import orjson
from redis import Redis

from labelmodel.endpoints.pool import base_of

# Seconds to leave a question alone behind the first, second, ... failure of the endpoint on it.
PAUSES = (60, 600, 3_600, 21_600)
_DAY = 86_400
_LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model wrote."""

    text: str
    refusal: str = ""
    finish: str = ""
    chance: float | None = None


class Answers(Protocol):
    """Where answers are kept."""

    def known(self, digests: Sequence[str]) -> dict[str, Answer]:
        """Those that are kept."""
        ...

    def keep(self, digest: str, answer: Answer) -> None:
        """Keep one; nothing happens where there is no room."""
        ...

    def resting(self, digests: Sequence[str]) -> dict[str, float]:
        """Seconds for which questions that failed are left alone."""
        ...

    def rest(self, digest: str) -> float:
        """Leave a question alone that failed, the longer the more often it did; for how many seconds."""
        ...

    def wake(self, digest: str) -> None:
        """Forget that it failed."""
        ...


def digest_of(base_url: str, body: bytes) -> str:
    """The SHA-256 of where something is asked and of the whole request: model, prompt, settings, item."""
    return hashlib.sha256(base_url.encode() + b"\0" + body).hexdigest()


class RedisAnswers:
    """Kept in Redis, so many a day at most: it is the broker too, and must not run full. Threads may share it.

    Every call may raise redis.RedisError.
    """

    def __init__(
        self,
        redis: Redis,
        endpoint: str,
        *,
        days: int = 3,
        most_a_day: int = 100_000,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._redis, self._base = redis, base_of(endpoint)
        self._seconds, self._most, self._pauses = days * _DAY, most_a_day, pauses

    def known(self, digests: Sequence[str]) -> dict[str, Answer]:
        found = self._many([f"{self._base}:answer:{digest}" for digest in digests])
        return {
            digest: Answer(*orjson.loads(said)) for digest, said in zip(digests, found, strict=True) if said
        }

    def keep(self, digest: str, answer: Answer) -> None:
        if len(answer.text) + len(answer.refusal) > _LONGEST_TEXT:
            return
        day = f"{self._base}:answers:{self._redis.time()[0] // _DAY}"
        # Counted first: two at once cannot both be the last one.
        with self._redis.pipeline() as pipe:
            pipe.incr(day)
            pipe.expire(day, 2 * _DAY)
            number = pipe.execute()[0]
        if number > self._most:
            return
        said = orjson.dumps([answer.text, answer.refusal, answer.finish, answer.chance])
        self._redis.set(f"{self._base}:answer:{digest}", said, ex=self._seconds)

    def resting(self, digests: Sequence[str]) -> dict[str, float]:
        with self._redis.pipeline(transaction=False) as pipe:
            for digest in digests:
                pipe.pttl(f"{self._base}:rest:{digest}")
            found = pipe.execute()
        return {digest: left / 1000 for digest, left in zip(digests, found, strict=True) if left > 0}

    def rest(self, digest: str) -> float:
        count = f"{self._base}:failures:{digest}"
        failures = self._redis.incr(count)
        self._redis.expire(count, self._seconds)
        pause = self._pauses[min(failures, len(self._pauses)) - 1]
        self._redis.set(f"{self._base}:rest:{digest}", b"1", px=max(round(pause * 1000), 1))
        return float(pause)

    def wake(self, digest: str) -> None:
        self._redis.delete(f"{self._base}:failures:{digest}", f"{self._base}:rest:{digest}")

    def _many(self, names: list[str]) -> list[Any]:
        return cast("list[Any]", self._redis.mget(names)) if names else []
