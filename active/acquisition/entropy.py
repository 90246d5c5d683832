"""Entropy: how far the whole distribution is from naming one label."""

from __future__ import annotations

import numpy as np

from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32, by_block

# Below any real chance; keeps logarithms finite.
TINY = np.float32(1e-30)


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take the n items of highest entropy, by probabilities (Shannon 1948; Settles & Craven 2008); nothing is random."""
    if pool.probabilities is None:
        raise lack("probabilities")
    return top_n(entropies(pool.probabilities), n)


def entropies(probabilities: FloatArray) -> Float32:
    """Entropy of each row in nats, (n,) in [0, log k]."""
    return by_block(probabilities, entropy_of)


def entropy_of(block: Float32) -> Float32:
    """Entropy along the last axis of an array that fits in memory."""
    terms = np.log(np.maximum(block, TINY))
    return np.asarray(np.maximum(-np.einsum("...j,...j->...", block, terms), np.float32(0.0)))
