"""Learning curves: what more labels would bring, by an inverse power law with an interval from resampled points.

accuracy(n) = a − b n^(−c), as learning curves of classifiers mostly go (Cortes 1993, Figueroa 2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

Floats = NDArray[np.float64]
LEVEL = 0.95
RESAMPLES = 200
# Candidates for how fast a curve flattens; a and b follow by least squares for each.
DECAYS = np.linspace(0.1, 1.5, 29)
# Below so many points a curve has no shape.
LEAST_POINTS = 3
# Beyond so many times the labels of the last point nothing is foretold.
FARTHEST = 20.0


@dataclass(frozen=True)
class Point:
    """The accuracy with so many labels, and its standard error."""

    labels: int
    accuracy: float
    error: float


@dataclass(frozen=True)
class Estimate:
    """A value with an interval that holds it with chance LEVEL."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Needed:
    """Labels still needed to reach a target, and the interval of that; a bound of None: not within FARTHEST times what there
    is. `reason` says why there is no figure."""

    labels: int | None
    low: int | None
    high: int | None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Laws:
    """The fitted law in row 0, and those of resampled points: columns a, b, c."""

    fits: Floats

    def at(self, labels: float) -> Floats:
        a, b, c = self.fits.T
        return np.asarray(np.clip(a - b * np.power(max(labels, 1.0), -c), 0.0, 1.0))

    def to(self, target: float) -> Floats:
        """Labels at which each law reaches the target; infinity where it never does."""
        a, b, c = self.fits.T
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            n = np.power(b / (a - target), 1.0 / c)
        return np.where((a > target) & np.isfinite(n), n, np.inf)


def fitted(points: Sequence[Point], *, seed: int = 0) -> Laws | None:
    """The power law through these points; None for fewer than three different numbers of labels."""
    labels = np.array([point.labels for point in points], dtype=np.float64)
    if len(np.unique(labels)) < LEAST_POINTS or labels.min() < 1:
        return None
    accuracy = np.array([point.accuracy for point in points])
    error = np.maximum([point.error for point in points], 1e-3)
    rng = np.random.default_rng(seed)
    draws = [accuracy, *(accuracy + error * rng.standard_normal(len(points)) for _ in range(RESAMPLES))]
    return Laws(np.array([_law(labels, drawn, error) for drawn in draws]))


def _law(labels: Floats, accuracy: Floats, error: Floats) -> tuple[float, float, float]:
    """a and b of each decay by weighted least squares, neither below 0 and a not above 1; the best of them."""
    best: tuple[float, tuple[float, float, float]] = (np.inf, (0.0, 0.0, 1.0))
    for c in DECAYS:
        # 1 − accuracy = (1 − a) + b n^(−c), with both parts not below 0.
        design = np.column_stack([np.ones_like(labels), np.power(labels, -c)]) / error[:, None]
        (rest, b), residual = nnls(design, (1.0 - accuracy) / error)
        if residual < best[0] - 1e-12:
            best = (residual, (1.0 - rest, b, float(c)))
    return best[1]


def forecast(points: Sequence[Point], labels: int, *, seed: int = 0) -> Estimate | None:
    """The accuracy with so many labels, if things go on like this; None for too few points."""
    laws = fitted(points, seed=seed)
    if laws is None:
        return None
    values = laws.at(labels)
    low, high = np.quantile(values, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return Estimate(float(values[0]), float(min(low, values[0])), float(max(high, values[0])))


def needed(points: Sequence[Point], target: float, *, seed: int = 0) -> Needed:
    """How many more labels it takes to reach the target, if things go on like this."""
    last = max((point.labels for point in points), default=0)
    laws = fitted(points, seed=seed)
    if laws is None:
        return Needed(None, None, None, f"It takes {LEAST_POINTS} points of the learning curve to tell.")
    reach = laws.to(target)
    low, high = np.quantile(reach, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], method="nearest")
    value, low, high = (_more(n, last) for n in (reach[0], low, high))
    reason = "" if value is not None else "As the curve goes, the target is not reached with labels alone."
    return Needed(value, low, high, reason)


def _more(labels: float, last: int) -> int | None:
    if labels > FARTHEST * max(last, 1):
        return None
    return max(0, round(float(labels)) - last)


def gain(points: Sequence[Point], last: int) -> Estimate | None:
    """By how much the latest point is above the one about `last` labels before it; None where there is none so far back.

    Both are taken as independent, which makes the interval too wide rather than too narrow when they were judged on the same
    items.
    """
    ordered = sorted(points, key=lambda point: point.labels)
    if len(ordered) < 2:
        return None
    newest = ordered[-1]
    before = [point for point in ordered[:-1] if newest.labels - point.labels >= last]
    if not before:
        return None
    difference = newest.accuracy - before[-1].accuracy
    reach = 1.96 * float(np.hypot(newest.error, before[-1].error))
    return Estimate(difference, difference - reach, difference + reach)
