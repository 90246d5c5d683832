"""Expected gradient length: how far a training step on the item would move the model, whatever label it turns out to have."""

from __future__ import annotations

import numpy as np

from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32, by_block
from active.acquisition.vectors import float_blocks


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take the n items of longest expected gradient of a softmax regression on the embeddings (Settles & Craven 2008).

    Needs probabilities and embeddings; nothing is random.
    """
    if pool.probabilities is None:
        raise lack("probabilities")
    if pool.embeddings is None:
        raise lack("embeddings")
    return top_n(by_block(pool.probabilities, residual) * lengths(pool.embeddings), n)


def residual(block: Float32) -> Float32:
    """Expected length of p - e_y, y being the label that comes, (rows,): sum_y p_y sqrt(|p|² - 2 p_y + 1)."""
    squared = np.einsum("ij,ij->i", block, block)[:, None] - 2.0 * block + 1.0
    return np.asarray(np.einsum("ij,ij->i", block, np.sqrt(np.maximum(squared, 0.0))))


def lengths(embeddings: FloatArray) -> Float32:
    """Length of each row with the 1 of the intercept behind it, (n,)."""
    squared = np.empty(len(embeddings), dtype=np.float32)
    for rows, block in float_blocks(embeddings):
        squared[rows] = np.einsum("ij,ij->i", block, block)
    return np.asarray(np.sqrt(squared + np.float32(1.0)))
