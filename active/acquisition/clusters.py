"""Weighted k-means on rows that fit in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from active.acquisition.distances import nearest
from active.acquisition.points import Vectors
from active.acquisition.rows import Float32
from active.acquisition.seeding import seed


@dataclass(frozen=True, eq=False)
class Clusters:
    centres: Float32  # (k, d)
    assigned: NDArray[np.int64]  # (n,) cluster of each row
    squared: Float32  # (n,) squared distance of each row to its centre


def kmeans(
    rows: Float32, k: int, rng: np.random.Generator, *, weights: Float32 | None = None, iterations: int = 10
) -> Clusters:
    """Cluster by Lloyd's algorithm from k-means++ (Lloyd 1982), into k clusters or as many as there are rows.

    Weights, (n,) and at least 0, say how much each row pulls; a cluster that loses all weight keeps its centre. Stops early when no row moves.
    """
    centres = rows[seed(Vectors(rows), k, rng, weights=weights)]
    assigned, squared = nearest(rows, centres)
    for _ in range(iterations):
        centres = _means(rows, assigned, centres, weights)
        before = assigned
        assigned, squared = nearest(rows, centres)
        if np.array_equal(before, assigned):
            break
    return Clusters(centres, assigned, squared)


def _means(rows: Float32, assigned: NDArray[np.int64], centres: Float32, weights: Float32 | None) -> Float32:
    pull = np.ones(len(rows), dtype=np.float32) if weights is None else weights
    total = np.bincount(assigned, pull, minlength=len(centres))
    # Which row belongs where, (k, n): its product with the rows adds up each cluster.
    belongs = sparse.csr_array((pull, (assigned, np.arange(len(rows)))), shape=(len(centres), len(rows)))
    sums = belongs @ rows
    means = np.divide(
        sums, total[:, None], out=np.array(centres), where=total[:, None] > 0, casting="same_kind"
    )
    return np.asarray(means, dtype=np.float32)
