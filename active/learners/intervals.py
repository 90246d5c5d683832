"""Figures with the interval that they are known to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from active.learners.types import FloatArray

LEVEL = 0.95
Z = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(right: float, total: float) -> Estimate:
    """A share (Wilson 1927); of nothing, everything from 0 to 1."""
    if total <= 0:
        return Estimate(0.0, 0.0, 1.0)
    share, square = right / total, Z**2 / total
    middle = (share + square / 2) / (1 + square)
    half = Z * np.sqrt(share * (1 - share) / total + square / (4 * total)) / (1 + square)
    return Estimate(share, float(max(middle - half, 0.0)), float(min(middle + half, 1.0)))


def of_mean(values: FloatArray) -> Estimate:
    """A mean, by its standard error; of one value, no interval but the value itself."""
    value = float(values.mean(dtype=np.float64))
    half = Z * float(values.std(ddof=1)) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return Estimate(value, float(value - half), float(value + half))


def of_draws(value: float, draws: FloatArray) -> Estimate:
    """A figure, by the quantiles of its bootstrap (Efron 1979)."""
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high))
