"""Where a learning curve leads: an inverse power law, accuracy = a - b * labels ** -c, with what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from active.learners.intervals import Estimate, Z, of_draws
from active.learners.types import FloatArray

DRAWS, SEED = 400, 0
LEAST_POINTS = 3
# Exponents that are tried, and what is expected before anything is seen: 0.5, give or take a factor of two.
EXPONENTS = np.geomspace(0.05, 3.0, 200)
EXPECTED, GIVE_OR_TAKE = 0.5, np.log(2.0)
# A standard error of 0 would make one point everything.
LEAST_ERROR = 1e-3
# So many times the labels there are is as far as a curve is followed.
FARTHEST = 20.0


@dataclass(frozen=True)
class Point:
    """Accuracy in [0, 1] with so many labels, and its standard error."""

    labels: int
    accuracy: float
    error: float


@dataclass(frozen=True)
class Needed:
    """Labels still needed to reach a target. `labels` is None where the curve does not get there; reason says why.

    `high` is None where the interval has no end.
    """

    labels: int | None
    low: int | None = None
    high: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Gain:
    """How much the labels from `since` to `until` moved accuracy."""

    since: int
    until: int
    change: Estimate


@dataclass(frozen=True, eq=False)
class PowerLaw:
    """Curves a - b * labels ** -c: first the likeliest, then what else it may be; each (1 + draws,)."""

    a: FloatArray
    b: FloatArray
    c: FloatArray

    def at(self, labels: float) -> FloatArray:
        return np.clip(self.a - self.b * labels**-self.c, 0.0, 1.0)

    def reach(self, target: float) -> FloatArray:
        """Labels at which each curve has the target; infinity where it never has."""
        room = self.a - target
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            labels = np.where(room > 0.0, (self.b / np.maximum(room, 1e-12)) ** (1.0 / self.c), np.inf)
        return np.where(self.b > 0.0, labels, np.where(room >= 0.0, 0.0, np.inf))


def power_law(points: Sequence[Point]) -> PowerLaw:
    """Fit by weighted least squares, with b at least 0 and a at most 1 (Cortes et al. 1993; Figueroa et al. 2012).

    What else it may be comes from refitting to points moved by their errors. Raises ValueError with fewer than three
    different numbers of labels, or values out of range.
    """
    x, y, error = arrays(points)
    if len(np.unique(x)) < LEAST_POINTS:
        raise ValueError(f"a curve takes at least {LEAST_POINTS} different numbers of labels")
    moved = y + error * np.random.default_rng(SEED).standard_normal((DRAWS, len(y)))
    values = np.vstack([y, moved])
    best = np.full(len(values), np.inf)
    a, b, c = (np.zeros(len(values)) for _ in range(3))
    for exponent in EXPONENTS:
        top, drop = least_squares(x**-exponent, values, error**-2)
        misfit = np.square((top[:, None] - drop[:, None] * x**-exponent - values) / error).sum(axis=1)
        misfit += np.square(np.log(exponent / EXPECTED) / GIVE_OR_TAKE)
        better = misfit < best
        best = np.where(better, misfit, best)
        a, b, c = (np.where(better, new, old) for new, old in ((top, a), (drop, b), (exponent, c)))
    return PowerLaw(a, b, c)


def least_squares(x: FloatArray, values: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """a and b of a - b * x for each row of values, (draws, points), within their bounds."""
    total = weight.sum()
    mean_x, mean_y = (x @ weight) / total, (values @ weight) / total
    spread = np.square(x - mean_x) @ weight
    b = np.maximum(-((values - mean_y[:, None]) @ (weight * (x - mean_x))) / spread, 0.0)
    a = mean_y + b * mean_x
    # Where a would exceed 1, the best b with a = 1.
    fixed = np.maximum(((1.0 - values) @ (weight * x)) / (np.square(x) @ weight), 0.0)
    return np.minimum(a, 1.0), np.where(a > 1.0, fixed, b)


def arrays(points: Sequence[Point]) -> tuple[FloatArray, FloatArray, FloatArray]:
    x, y, error = (
        np.array([getattr(point, name) for point in points], dtype=float)
        for name in ("labels", "accuracy", "error")
    )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.isfinite(error).all()):
        raise ValueError("points hold NaN or infinity")
    if (x < 1).any() or (y < 0).any() or (y > 1).any() or (error < 0).any():
        raise ValueError("points need at least 1 label, accuracy in [0, 1] and an error of at least 0")
    return x, y, np.maximum(error, LEAST_ERROR)


def forecast(points: Sequence[Point], labels: int) -> Estimate:
    """Accuracy expected with so many labels. Raises ValueError as power_law does."""
    values = power_law(points).at(float(labels))
    return of_draws(float(values[0]), values[1:])


def needed(points: Sequence[Point], target: float) -> Needed:
    """Labels beyond the last point that the target takes; a reason instead where it cannot be told."""
    if len({point.labels for point in points}) < LEAST_POINTS:
        return Needed(None, reason=f"A forecast takes at least {LEAST_POINTS} points of the curve.")
    curve, last = power_law(points), max(point.labels for point in points)
    still = np.maximum(np.ceil(curve.reach(target) - last), 0.0)
    likeliest, most = still[0], (FARTHEST - 1.0) * last
    if not np.isfinite(likeliest):
        return Needed(
            None, reason=f"The curve levels off at {curve.a[0]:.1%}, below the target of {target:.1%}."
        )
    if likeliest > most:
        reason = f"More than {FARTHEST:.0f} times as many labels as there are: too far to tell."
        return Needed(None, reason=reason)
    low, high = np.quantile(still[1:], [0.025, 0.975], method="nearest")
    known = np.isfinite(high) and high <= most
    return Needed(int(likeliest), int(min(low, likeliest)), int(max(high, likeliest)) if known else None)


def gain(points: Sequence[Point], last: int = 300) -> Gain | None:
    """How much the last labels moved accuracy: the line through the points since then; None with a single point."""
    x, y, error = arrays(sorted(points, key=lambda point: point.labels))
    if len(np.unique(x)) < 2:
        return None
    before = np.flatnonzero(x <= max(x[-1] - last, x[0]))[-1]
    x, y, weight = x[before:], y[before:], error[before:] ** -2
    span, centred = x[-1] - x[0], x - (x @ weight) / weight.sum()
    spread = np.square(centred) @ weight
    change = float(span * ((weight * centred) @ y) / spread)
    half = Z * float(span / np.sqrt(spread))
    return Gain(int(x[0]), int(x[-1]), Estimate(change, change - half, change + half))
