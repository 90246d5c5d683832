"""Cluster-margin: items that the model is unsure of, of many kinds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from active.acquisition.clusters import kmeans
from active.acquisition.margin import closeness
from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32
from active.acquisition.vectors import rows_at

# Candidates per pick, and the part of the pool that they may be at most.
CANDIDATES, SHARE = 10, 4


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Cluster the items of smallest margin, each weighted by its closeness, and take the one nearest each centre.

    k-means instead of the hierarchical clustering of Citovsky, DeSalvo, Gentile, Karydas, Rajagopalan, Rostamizadeh & Kumar
    (2021), weighted as by Zhdanov (2019). Scores are the closeness, 1 - margin.
    """
    if pool.probabilities is None:
        raise lack("probabilities")
    if pool.embeddings is None:
        raise lack("embeddings")
    close = closest(pool.probabilities, n)
    kept = representatives(rows_at(pool.embeddings, close.index), close.score.astype(np.float32), n, rng)
    # In order of the candidates, which is that of their closeness.
    kept.sort()
    return Picks(close.index[kept], close.score[kept])


def closest(probabilities: FloatArray, n: int) -> Picks:
    """The candidates for n picks: ten times as many, a quarter of the pool at most, of smallest margin."""
    return top_n(closeness(probabilities), candidates(n, len(probabilities)))


def candidates(n: int, pool: int) -> int:
    """How many items to choose n among."""
    return min(pool, max(n, min(CANDIDATES * n, pool // SHARE)))


def representatives(rows: Float32, weights: Float32, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """n of the rows, (n,) or all where there are fewer: of each of n clusters the one nearest its centre, then the heaviest that are left."""
    if n >= len(rows):
        return np.arange(len(rows))
    found = kmeans(rows, n, rng, weights=weights if weights.any() else None)
    # The first of each cluster when sorted by cluster and distance.
    order = np.lexsort((found.squared, found.assigned))
    kept = order[np.flatnonzero(np.diff(found.assigned[order], prepend=-1))]
    left = np.delete(np.arange(len(rows)), kept)
    more = left[top_n(weights[left], n - len(kept)).index]
    return np.concatenate([kept, more])
