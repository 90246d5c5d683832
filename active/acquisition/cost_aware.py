"""Cost: what a judgment is worth per second that it takes."""

from __future__ import annotations

import numpy as np

from active.acquisition.margin import closeness
from active.acquisition.pool import Picks, Pool
from active.acquisition.ranking import lack, top_n


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take the n items of highest margin score per expected second (Settles, Craven & Friedland 2008).

    Needs probabilities and cost; nothing is random.
    """
    if pool.probabilities is None:
        raise lack("probabilities")
    if pool.cost is None:
        raise lack("cost")
    return top_n(closeness(pool.probabilities) / pool.cost, n)
