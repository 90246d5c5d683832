"""Who is near whom, counted tile by tile: the graph of it, up to 10¹⁰ edges, is never there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active.acquisition.distances import squared_lengths
from active.acquisition.pool import FloatArray, IntArray
from active.acquisition.rows import Float32
from active.acquisition.vectors import as_float32, rows_at

# Rows and columns of a tile.
TILE = 2_048
# What float32 may get wrong in a squared distance, of the squared lengths.
ROUNDING = 4e-6

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Measured:
    """Rows in memory and half the squared length of each."""

    rows: Float32  # (n, d)
    halves: Float32  # (n,)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: slice | IntArray | Bools) -> Measured:
        return Measured(self.rows[index], self.halves[index])


def measured(rows: FloatArray) -> Measured:
    held = as_float32(rows)
    return Measured(held, squared_lengths(held) / 2.0)


def half_squared(rows: Measured, points: Measured) -> Float32:
    """|x|²/2 - x·y + |y|²/2, half the squared distances, (rows, points)."""
    products = rows.rows @ points.rows.T
    np.subtract(points.halves, products, out=products)
    products += rows.halves[:, None]
    return products


def near(rows: Measured, points: Measured, squared: float) -> Bools:
    """Whether a squared distance is at most this one, (rows, points)."""
    products = rows.rows @ points.rows.T
    products -= points.halves
    # As far as float32 can tell: equal rows are always near.
    least = rows.halves * np.float32(1.0 - ROUNDING) - np.float32(squared / 2.0)
    return products >= least[:, None]


def count_near(embeddings: FloatArray, index: IntArray, points: Measured, squared: float) -> Counts:
    """How many of the points are near each of these rows, (len(index),)."""
    counts = np.zeros(len(index), dtype=np.int64)
    for first in range(0, len(index) if len(points) else 0, TILE):
        rows = measured(rows_at(embeddings, index[first : first + TILE]))
        for start in range(0, len(points), TILE):
            counts[first : first + TILE] += _count(near(rows, points[start : start + TILE], squared), 1)
    return counts


def count_near_each_other(points: Measured, squared: float) -> Counts:
    """How many of the points are near each of them, itself included, (n,); each pair of tiles is met once, for both."""
    counts = np.zeros(len(points), dtype=np.int64)
    for first in range(0, len(points), TILE):
        rows = points[first : first + TILE]
        for start in range(first, len(points), TILE):
            found = near(rows, points[start : start + TILE], squared)
            counts[first : first + TILE] += _count(found, 1)
            if start > first:
                counts[start : start + TILE] += _count(found, 0)
    return counts


def _count(found: Bools, axis: int) -> NDArray[np.uint16]:
    # Bytes added up to short numbers, which a tile's counts fit: three times as fast as adding up booleans.
    return np.asarray(np.add.reduce(found.view(np.uint8), axis=axis, dtype=np.uint16))
