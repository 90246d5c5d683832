"""The learning curve: how good the model of each round was by the labels that it had, beside choice at random."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from active.models import CurvePoint
from annotation.models import Project

MOST_POINTS = 500


@dataclass(frozen=True, slots=True)
class Baseline:
    """What random choice would have reached with as many labels, known from so many drawn at random."""

    accuracy: float
    low: float
    high: float
    labels: int | None


@dataclass(frozen=True, slots=True)
class Point:
    """One round. `judged_on`: "holdout", or "random" for items drawn at random and judged out of fold."""

    round: int
    strategy: str
    labels: int
    judged_on: str
    judged: int
    accuracy: float
    low: float
    high: float
    log_loss: float | None
    random: Baseline | None
    created_at: datetime


def points(*, project: Project, question: str) -> list[Point]:
    """The latest points of a question, fewest labels first."""
    rows = CurvePoint.objects.filter(project=project, question=question).select_related("round")
    latest = list(rows.order_by("-pk")[:MOST_POINTS])
    return sorted(map(_point, latest), key=lambda point: (point.labels, point.round))


def latest(*, project: Project, question: str) -> Point | None:
    found = CurvePoint.objects.filter(project=project, question=question).select_related("round")
    row = found.order_by("-pk").first()
    return _point(row) if row else None


def _point(row: CurvePoint) -> Point:
    return Point(
        row.round.number,
        row.round.strategy,
        row.labels,
        row.judged_on,
        row.judged,
        row.accuracy,
        row.low,
        row.high,
        row.log_loss,
        _baseline(row.random),
        row.created_at,
    )


def _baseline(found: dict[str, Any]) -> Baseline | None:
    if not found:
        return None
    return Baseline(found["accuracy"], found["low"], found["high"], found.get("from"))
