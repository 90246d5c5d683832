"""What a run says of each version that it ran: votes, errors, time, and how its hit rate compares with before."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection

# Messages of errors that are kept: the first ones, each once.
MOST_MESSAGES = 5
_LONGEST_MESSAGE = 300
# Items, in a run and before it: the hit rate of fewer says nothing of a drift.
LEAST_COMPARED = 100
_HOUR = 60

_TOTALS = """
SELECT s.version_id, sum(s.seen)::bigint, coalesce(sum(v.votes), 0)::bigint FROM labelmodel_voteshard s
LEFT JOIN LATERAL (SELECT sum(value::bigint) AS votes FROM jsonb_each_text(s.cast)) v ON true
WHERE s.version_id = ANY(%(versions)s) GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Total:
    """How many items a version has seen, and how many of them it votes on, over all its shards."""

    seen: int = 0
    votes: int = 0

    @property
    def share(self) -> float | None:
        return self.votes / self.seen if self.seen else None


def totals(versions: Iterable[int]) -> dict[int, Total]:
    """{version id: what its shards add up to}."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"versions": list(versions)})
        return {version: Total(seen, votes) for version, seen, votes in cursor.fetchall()}


@dataclass
class Line:
    """One version in one run, added up block by block. Kept as JSON in the run's row."""

    evaluated: int = 0
    # {label: votes}
    votes: dict[str, int] = field(default_factory=dict)
    errors: int = 0
    # [{"item": id, "message": what it raised}]
    messages: list[dict[str, Any]] = field(default_factory=list)
    # Items of which nothing was said, to be looked at later, and why, as it was last told.
    unseen: int = 0
    later: str = ""
    # Why it abstained, where it says so: {reason: how often}
    reasons: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    # The share of items that it voted on in this run, and in all that it had seen before; None where there are none.
    hit_rate: float | None = None
    hit_rate_before: float | None = None
    # The difference, and how many standard errors of it that is: beyond 3 is no chance. None where items are few.
    drift: float | None = None
    drift_z: float | None = None
    # Why it did not run, or not to the end.
    fault: str = ""
    # [[minute since 1970, votes cast in it]], for limits by the hour.
    minutes: list[list[int]] = field(default_factory=list)
    seen_before: int = 0
    votes_before: int = 0

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> Line:
        return cls(**(kept or {}))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def began(self, before: Total) -> None:
        self.seen_before, self.votes_before = before.seen, before.votes
        self.hit_rate_before = before.share

    def add(self, *, evaluated: int, votes: Counter[str], errors: Sequence[tuple[int, str]], unseen: int,
            reasons: Mapping[str, int], seconds: float, later: str = "") -> None:  # fmt: skip
        """What it did in one batch. `errors`: (item, message)."""
        self.evaluated += evaluated
        self.votes = dict(Counter(self.votes) + votes)
        self.errors += len(errors)
        known = {one["message"] for one in self.messages}
        for item, message in errors:
            if len(self.messages) >= MOST_MESSAGES:
                break
            if message[:_LONGEST_MESSAGE] not in known:
                known.add(message[:_LONGEST_MESSAGE])
                self.messages.append({"item": item, "message": message[:_LONGEST_MESSAGE]})
        self.unseen += unseen
        self.later = later or self.later
        self.reasons = dict(Counter(self.reasons) + Counter(reasons))
        self.seconds = round(self.seconds + seconds, 4)
        self._count(votes.total())
        self._compare()

    def _count(self, votes: int) -> None:
        minute = int(time.time() // 60)
        self.minutes = [one for one in self.minutes if one[0] > minute - _HOUR]
        if votes:
            self.minutes.append([minute, votes])

    def _compare(self) -> None:
        voted = sum(self.votes.values())
        self.hit_rate = voted / self.evaluated if self.evaluated else None
        if min(self.seen_before, self.evaluated) < LEAST_COMPARED:
            return
        before, now = self.votes_before / self.seen_before, voted / self.evaluated
        pooled = (self.votes_before + voted) / (self.seen_before + self.evaluated)
        error = math.sqrt(pooled * (1 - pooled) * (1 / self.seen_before + 1 / self.evaluated))
        self.drift = now - before
        self.drift_z = round(self.drift / error, 2) if error else 0.0


def cast_in_the_last_hour(lines: Iterable[Mapping[str, Any]]) -> int:
    """Votes that these lines say were cast in the last hour."""
    since = int(time.time() // 60) - _HOUR
    return sum(votes for line in lines for minute, votes in line.get("minutes", ()) if minute > since)
