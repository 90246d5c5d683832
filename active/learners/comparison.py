"""Is one model worse than another? Both judged on the same items, which are drawn again and again (Efron 1979)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
RESAMPLES = 2000
LEVEL = 0.95
# Log loss never takes a probability for smaller than this.
LEAST = 1e-6


@dataclass(frozen=True)
class Difference:
    """The mean of new minus old, with an interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """`accuracy`: above 0 the new model is better; `log_loss`: below 0 it is."""

    items: int
    accuracy: Difference
    log_loss: Difference

    @property
    def worse_beyond_noise(self) -> bool:
        """Whether the new model is right less often, and chance does not explain it."""
        return self.accuracy.high < 0.0


def compare(new: FloatArray, old: FloatArray, targets: FloatArray, *, seed: int = 0) -> Comparison:
    """Compare probabilities (n, k) of two models with the right ones (n, k). ValueError for arrays that are not aligned."""
    if not new.shape == old.shape == targets.shape or new.ndim != 2 or not len(new):
        raise ValueError(
            f"new, old and targets must be (n, k) alike with an item at least, not {new.shape}, {old.shape}, {targets.shape}"
        )
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(new), size=(RESAMPLES, len(new))) if len(new) <= 20_000 else None
    right = correct(new, targets) - correct(old, targets)
    loss = losses(new, targets) - losses(old, targets)
    return Comparison(len(new), _difference(right, draws), _difference(loss, draws))


def correct(probabilities: FloatArray, targets: FloatArray) -> FloatArray:
    """How right the likeliest label of each row is, (n,): 1 or 0 where one label is known to be right."""
    return np.asarray(targets[np.arange(len(targets)), probabilities.argmax(axis=1)], dtype=np.float64)


def losses(probabilities: FloatArray, targets: FloatArray) -> FloatArray:
    """Log loss of each row, (n,), in nats."""
    return np.asarray(-(targets * np.log(np.clip(probabilities, LEAST, 1.0))).sum(axis=1), dtype=np.float64)


def _difference(each: FloatArray, draws: NDArray[np.int64] | None) -> Difference:
    mean = float(each.mean())
    if draws is None:
        # With very many items means are normal.
        reach = 1.96 * float(each.std(ddof=1)) / len(each) ** 0.5
        return Difference(mean, mean - reach, mean + reach)
    low, high = np.quantile(each[draws].mean(axis=1), [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return Difference(mean, float(low), float(high))
