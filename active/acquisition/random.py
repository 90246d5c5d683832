"""Random order: the baseline, and the only picks whose labels estimate how good a model is without bias."""

from __future__ import annotations

import numpy as np

from active.acquisition.pool import Picks, Pool
from active.acquisition.ranking import top_n


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Draw n items, each equally likely; scores are uniform in [0, 1)."""
    return top_n(rng.random(len(pool)), n)
