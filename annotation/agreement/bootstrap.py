"""Confidence intervals: the items are drawn again with replacement, and the coefficient computed from their sums.

A coefficient is a formula on sums over items, so a resample costs one row of a matrix product. Items with the same
pattern of counts are drawn together (a multinomial over patterns, exactly the ordinary bootstrap). Where there are too
many patterns, items are first dealt at random into equal groups and whole groups are drawn: the variance is the same in
expectation (random groups; Wolter 2007, chapter 2), and its own error of 1/√(2·GROUPS) is that of so many resamples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from annotation.agreement.tally import FloatArray, Tally

GROUPS = 1000
# Numbers in the largest array that one interval may need.
ROOM = 8_000_000


@dataclass(frozen=True, eq=False)
class Plan:
    """A coefficient as sums over items.

    `parts` are dense or sparse arrays, shape (n_patterns, width): what an item of each pattern adds. `formula` takes
    their sums, each (n, width), and returns n coefficients, NaN where undefined.
    """

    tally: Tally
    parts: tuple[Any, ...]
    formula: Callable[..., FloatArray]
    # False for an expansion around the sums over all items, which holds near them only.
    anywhere: bool = True

    def value(self) -> float | None:
        found = float(self.formula(*(_dense(self.tally.times[None, :] @ part) for part in self.parts))[0])
        return None if np.isnan(found) else found


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


def fits(tally: Tally, width: int) -> bool:
    """Whether resampling sums of this width stays within ROOM."""
    return max(GROUPS, _units(tally)) * width <= ROOM


def interval(
    plan: Plan, *, value: float, seed: int, resamples: int = 1000, confidence: float = 0.95
) -> Interval | None:
    """Percentile interval over items (Efron 1979), stretched to contain the value; None for fewer than two items.

    Resamples in which the coefficient is undefined are left out.
    """
    if plan.tally.n_items < 2 or resamples < 2:
        return None
    rng = np.random.default_rng(seed)
    if len(plan.tally.times) <= GROUPS:
        weights, parts = _patterns(plan, rng, resamples)
    else:
        weights, parts = _groups(plan, rng, resamples)
    found = plan.formula(*(_dense(weights @ part) for part in parts))
    found = found[~np.isnan(found)]
    if not len(found):
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return Interval(min(float(low), value), max(float(high), value))


def _units(tally: Tally) -> int:
    return min(len(tally.times), GROUPS)


def _patterns(plan: Plan, rng: np.random.Generator, resamples: int) -> tuple[FloatArray, tuple[Any, ...]]:
    times = plan.tally.times
    weights = rng.multinomial(times.sum(), times / times.sum(), size=resamples)
    return weights.astype(np.float64), plan.parts


def _groups(plan: Plan, rng: np.random.Generator, resamples: int) -> tuple[FloatArray, tuple[Any, ...]]:
    tally = plan.tally
    group = rng.permutation(np.arange(tally.n_items) % GROUPS)
    shape = (GROUPS, len(tally.times))
    deal = sparse.coo_array((np.ones(tally.n_items), (group, tally.pattern)), shape=shape).tocsr()
    drawn = rng.integers(GROUPS, size=(resamples, GROUPS)) + GROUPS * np.arange(resamples)[:, None]
    weights = np.bincount(drawn.ravel(), minlength=resamples * GROUPS).reshape(resamples, GROUPS)
    return weights.astype(np.float64), tuple(_dense(deal @ part) for part in plan.parts)


def _dense(matrix: Any) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)
    return found
