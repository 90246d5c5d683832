"""Two models on the same holdout: is the difference more than chance?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from active.learners.intervals import Estimate, of_draws
from active.learners.losses_by_row import log_losses, right
from active.learners.types import FloatArray, Kind, Targets

DRAWS = 2000
# With fewer items nothing is beyond noise.
LEAST_ITEMS = 10
# Numbers drawn at once.
BLOCK = 4_000_000


@dataclass(frozen=True)
class Comparison:
    """How much the candidate differs from the model in use, on the same `n` items."""

    n: int
    accuracy: Estimate  # candidate less model in use: below 0 is worse
    log_loss: Estimate  # above 0 is worse
    worse_beyond_noise: bool
    better_beyond_noise: bool


def compare(
    kind: Kind, candidate: FloatArray, in_use: FloatArray, targets: Targets, *, seed: int = 0
) -> Comparison:
    """Compare probabilities (n, k) by a paired bootstrap of the items (Efron & Tibshirani 1993; Koehn 2004).

    Worse beyond noise: the interval of accuracy lies below 0, or that of log loss above 0 and accuracy is not beyond
    noise better. Better is the same the other way round.
    """
    if not candidate.shape == in_use.shape == targets.shape or len(candidate) == 0:
        raise ValueError(
            f"both models must predict the same items, at least one: {candidate.shape}, {in_use.shape}, {targets.shape}"
        )
    hits = right(kind, candidate, targets) - right(kind, in_use, targets)
    losses = log_losses(kind, candidate, targets) - log_losses(kind, in_use, targets)
    accuracy, log_loss = paired(np.stack([hits, losses]), seed)
    enough = len(hits) >= LEAST_ITEMS
    worse = accuracy.high < 0.0 or (log_loss.low > 0.0 and not accuracy.low > 0.0)
    better = accuracy.low > 0.0 or (log_loss.high < 0.0 and not accuracy.high < 0.0)
    return Comparison(len(hits), accuracy, log_loss, enough and worse, enough and better)


def paired(differences: FloatArray, seed: int) -> list[Estimate]:
    """The mean of each row of differences, (figures, n), with its interval; all from the same draws of items."""
    rng, n_items = np.random.default_rng(seed), differences.shape[1]
    draws, step = np.empty((len(differences), DRAWS)), max(BLOCK // n_items, 1)
    for first in range(0, DRAWS, step):
        chosen = rng.integers(n_items, size=(min(step, DRAWS - first), n_items))
        for figure, values in enumerate(differences):
            draws[figure, first : first + len(chosen)] = values[chosen].mean(axis=1)
    return [of_draws(float(values.mean()), some) for values, some in zip(differences, draws, strict=True)]
