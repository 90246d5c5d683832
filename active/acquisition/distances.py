"""Squared Euclidean distances by float32 matrix products, in blocks.

|x - c|² = |x|² - 2 (x·c - |c|²/2). Good to about 1e-6 of the squared lengths: embeddings whose mean lies far from zero, compared with their
spread, should be centred first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from active.acquisition.pool import FloatArray
from active.acquisition.rows import Float32
from active.acquisition.vectors import as_float32, float_blocks

# Centres that a block of rows meets at once: with more, their products would not fit the memory that a block may take.
CENTRES = 2_048


def squared_lengths(rows: Float32) -> Float32:
    """(n,) of rows that fit in memory."""
    return np.asarray(np.einsum("ij,ij->i", rows, rows))


def nearest(embeddings: FloatArray, centres: FloatArray) -> tuple[NDArray[np.int64], Float32]:
    """For each row the centre nearest to it, the first of equally near ones, and the squared distance; (n,) each."""
    which = np.empty(len(embeddings), dtype=np.int64)
    squared = np.empty(len(embeddings), dtype=np.float32)
    held = as_float32(centres)
    for rows, block in float_blocks(embeddings):
        best = np.full(len(block), -np.inf, dtype=np.float32)
        for first, products in _products(block, held):
            column = products.argmax(axis=1)
            value = products[np.arange(len(block)), column]
            better = value > best
            best[better] = value[better]
            which[rows][better] = column[better] + first
        squared[rows] = _from_products(block, best)
    return which, squared


def minima(embeddings: FloatArray, labeled: FloatArray, known: Float32 | None = None) -> Float32:
    """Squared distance of each row to the nearest labeled one, (n,); infinite where nothing is labeled.

    known are those to rows labeled earlier: with them only the new ones cost anything.
    """
    squared = np.full(len(embeddings), np.inf, dtype=np.float32) if known is None else known.copy()
    held = as_float32(labeled)
    if not len(held):
        return squared
    for rows, block in float_blocks(embeddings):
        best = np.maximum.reduce([products.max(axis=1) for _, products in _products(block, held)])
        np.minimum(squared[rows], _from_products(block, best), out=squared[rows])
    return squared


def squared_distances(rows: Float32, centres: Float32) -> Float32:
    """(rows, centres), none below zero."""
    products = rows @ centres.T
    products *= -2.0
    products += squared_lengths(rows)[:, None]
    products += squared_lengths(centres)
    np.maximum(products, 0.0, out=products)
    return products


def _products(block: Float32, centres: Float32) -> Iterator[tuple[int, Float32]]:
    """x·c - |c|²/2 of the rows with some centres at a time, and the number of the first of these."""
    for first in range(0, len(centres), CENTRES):
        some = centres[first : first + CENTRES]
        products = block @ some.T
        products -= squared_lengths(some) / 2.0
        yield first, products


def _from_products(block: Float32, best: Float32) -> Float32:
    return np.maximum(squared_lengths(block) - 2.0 * best, 0.0)
