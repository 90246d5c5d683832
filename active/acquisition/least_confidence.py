"""Least confidence: how unlikely the likeliest label is."""

from __future__ import annotations

import numpy as np

from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32, by_block
from active.acquisition.top_two import top_two


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take the n items whose likeliest label is least likely, by probabilities (Lewis & Gale 1994); nothing is random."""
    if pool.probabilities is None:
        raise lack("probabilities")
    return top_n(doubt(pool.probabilities), n)


def doubt(probabilities: FloatArray) -> Float32:
    """One minus the probability of the likeliest label, (n,) in [0, 1 - 1/k]."""
    return by_block(probabilities, lambda block: np.float32(1.0) - top_two(block)[0])
