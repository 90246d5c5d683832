"""Committee disagreement by Kullback-Leibler divergence: how far members are from what they say on average."""

from __future__ import annotations

import numpy as np

from active.acquisition.bald import information
from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take the n items whose committee members diverge most from their mean (McCallum & Nigam 1998); nothing is random."""
    if pool.committee is None:
        raise lack("committee")
    return top_n(divergence(pool.committee), n)


def divergence(committee: FloatArray) -> Float32:
    """Mean divergence of the members from their mean, in nats, (n,) in [0, log k]."""
    # The mean of sum_y p log(p / m) is the entropy of m less the mean entropy of p: the same number as BALD's, with half as many logarithms.
    return information(committee)
