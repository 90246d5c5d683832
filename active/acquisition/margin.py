"""Margin: how close the two likeliest labels are."""

from __future__ import annotations

import numpy as np

from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32, by_block
from active.acquisition.top_two import top_two


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take the n items of smallest margin, by probabilities (Scheffer, Decomain & Wrobel 2001); nothing is random."""
    if pool.probabilities is None:
        raise lack("probabilities")
    return top_n(closeness(pool.probabilities), n)


def closeness(probabilities: FloatArray) -> Float32:
    """One minus the gap between the two likeliest labels, (n,) in [0, 1]; 0 where there is but one label."""
    return by_block(probabilities, _closeness)


def _closeness(block: Float32) -> Float32:
    first, second = top_two(block)
    return np.asarray(1.0 - (first - second), dtype=np.float32)
