"""How far one may look from an item and see only its own kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from active.acquisition.clusters import kmeans
from active.acquisition.distances import nearest
from active.acquisition.pool import FloatArray
from active.acquisition.reach import TILE, half_squared, measured
from active.acquisition.rows import Float32
from active.acquisition.vectors import rows_at

# Rows that clusters are found on, rows among which neighbours are looked for, and items whose neighbours are looked for.
CLUSTERED, AMONG, LOOKED_AT = 20_000, 100_000, 1_000
# Share of the items that must see only their own kind.
PURE = 0.95


def pure_radius(embeddings: FloatArray, kinds: int, rng: np.random.Generator) -> float:
    """Squared distance within which 95 % of the items have only neighbours of their own cluster, of `kinds` clusters by k-means.

    At least what half of the items need to have any neighbour at all. On samples.
    """
    among = rows_at(embeddings, _sample(len(embeddings), AMONG, rng))
    some = among[_sample(len(among), CLUSTERED, rng)]
    kind, _ = nearest(among, kmeans(some, kinds, rng).centres)
    looked_at = _sample(len(among), LOOKED_AT, rng)
    any_kind, other_kind = _neighbours(among, kind, looked_at)
    # Who is alone has no neighbour at any distance; where all are of one kind, any neighbour is as good as another.
    any_kind[np.isinf(any_kind)] = 0.0
    other_kind = np.where(np.isinf(other_kind), any_kind, other_kind)
    return float(max(np.quantile(other_kind, 1.0 - PURE), np.median(any_kind)))


def _neighbours(among: Float32, kind: NDArray[np.int64], index: NDArray[np.int64]) -> tuple[Float32, Float32]:
    """Squared distance of these rows to the nearest other row, and to the nearest row of another kind."""
    rows = measured(among[index])
    nearest_any, nearest_other = np.full((2, len(index)), np.inf, dtype=np.float32)
    for first in range(0, len(among), TILE):
        columns = np.arange(first, min(first + TILE, len(among)))
        squared = 2.0 * np.maximum(half_squared(rows, measured(among[columns])), 0.0)
        squared[index[:, None] == columns] = np.inf
        np.minimum(nearest_any, squared.min(axis=1), out=nearest_any)
        squared[kind[index][:, None] == kind[columns]] = np.inf
        np.minimum(nearest_other, squared.min(axis=1), out=nearest_other)
    return nearest_any, nearest_other


def _sample(rows: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    if rows <= most:
        return np.arange(rows)
    return np.sort(rng.choice(rows, most, replace=False))
