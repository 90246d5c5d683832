"""Information density: uncertain items that are like many others, so that an outlier's label is not paid for."""

from __future__ import annotations

import numpy as np

from active.acquisition.entropy import entropies
from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32
from active.acquisition.vectors import float_blocks

TINY = np.float32(1e-30)


def acquire(pool: Pool, n: int, rng: np.random.Generator, *, beta: float = 1.0) -> Picks:
    """Take the n items of highest entropy times density to the power beta (Settles & Craven 2008).

    Needs probabilities and embeddings; nothing is random.
    """
    if pool.probabilities is None:
        raise lack("probabilities")
    if pool.embeddings is None:
        raise lack("embeddings")
    return top_n(entropies(pool.probabilities) * density(pool.embeddings) ** beta, n)


def density(embeddings: FloatArray) -> Float32:
    """Mean cosine of each row to all rows, (n,) in [0, 1]; 0 for those that point away from most."""
    # A mean of cosines to all is one cosine to the mean direction: two passes instead of n. np.einsum keeps to one thread: these
    # products are over so soon that two workers' threads of @ would mostly wait for each other.
    total = np.zeros(embeddings.shape[1], dtype=np.float64)
    for _, block in float_blocks(embeddings):
        total += np.einsum("i,ij->j", _inverse_lengths(block), block)
    mean = (total / max(len(embeddings), 1)).astype(np.float32)
    cosine = np.empty(len(embeddings), dtype=np.float32)
    for rows, block in float_blocks(embeddings):
        cosine[rows] = np.einsum("ij,j->i", block, mean) * _inverse_lengths(block)
    return np.clip(cosine, 0.0, 1.0)


def _inverse_lengths(block: Float32) -> Float32:
    squared = np.einsum("ij,ij->i", block, block)
    return np.asarray(np.float32(1.0) / np.sqrt(np.maximum(squared, TINY)))
