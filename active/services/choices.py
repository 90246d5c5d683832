"""What a round chose: the items of its batch, each with why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Choice:
    """One item for the queue. `predicted`: the likeliest labels with their chances, likeliest first."""

    item: int
    kind: str
    strategy: str
    score: float
    value: float
    reason: str
    predicted: list[tuple[str, float]] = field(default_factory=list)
    nearest: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Chosen:
    """The batch, soonest first; what stands behind it; and what the page shows of the pool."""

    batch: list[Choice]
    reserve: list[Choice]
    figures: dict[str, Any]
    notes: list[str]
