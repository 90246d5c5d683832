"""TypiClust: the most typical items of kinds that have no label yet."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from active.acquisition.clusters import kmeans
from active.acquisition.distances import nearest, squared_distances
from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import in_order, lack
from active.acquisition.rows import Float32
from active.acquisition.vectors import rows_at

# Neighbours that make an item typical, and the members below which a cluster counts as outliers; both from the paper.
NEIGHBOURS, SMALL = 20, 5
# Clusters at most, and rows that they are found on: so many per cluster, and not fewer than the other.
MOST_CLUSTERS, ROWS_EACH, ROWS = 2_000, 40, 20_000
ITERATIONS = 5
# Members of a cluster that are compared with each other: of more, a sample.
COMPARED = 2_000


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take the most typical item of each of n clusters, those with the fewest labels first, of these the largest.

    Pool and labeled items together are clustered into as many clusters as items are labeled and wanted. Typical is who is
    close, on average, to its nearest neighbours within the cluster (Hacohen, Dekel & Weinshall 2022).
    """
    if pool.embeddings is None:
        raise lack("embeddings")
    if n <= 0 or not len(pool):
        return in_order(np.empty(0, dtype=np.int64))
    labeled = pool.embeddings[:0] if pool.labeled is None else pool.labeled
    members, labels = clustered(pool.embeddings, labeled, n, rng)
    ranked: dict[int, list[int]] = {}
    queue = [(len(rows) < SMALL, labels[c], -len(rows), c) for c, rows in enumerate(members) if len(rows)]
    heapq.heapify(queue)
    picks: list[int] = []
    while queue and len(picks) < n:
        small, count, size, cluster = heapq.heappop(queue)
        if cluster not in ranked:
            ranked[cluster] = by_typicality(pool.embeddings, members[cluster], rng)
        picks.append(ranked[cluster].pop())
        if ranked[cluster]:
            heapq.heappush(queue, (small, count + 1, size, cluster))
    return in_order(np.array(picks, dtype=np.int64))


def clustered(
    embeddings: FloatArray, labeled: FloatArray, n: int, rng: np.random.Generator
) -> tuple[list[NDArray[np.int64]], list[int]]:
    """Members of each cluster, in order, and how many labeled items it has. Found on a sample; then one pass over all."""
    rows, clusters = len(embeddings) + len(labeled), min(len(labeled) + n, MOST_CLUSTERS)
    sample = np.arange(rows)
    if rows > (most := max(ROWS, ROWS_EACH * clusters)):
        sample = np.sort(rng.choice(rows, most, replace=False))
    of_pool, of_labeled = (
        sample[sample < len(embeddings)],
        sample[sample >= len(embeddings)] - len(embeddings),
    )
    some = np.concatenate([rows_at(embeddings, of_pool), rows_at(labeled, of_labeled)])
    centres = kmeans(some, clusters, rng, iterations=ITERATIONS).centres
    assigned, _ = nearest(embeddings, centres)
    counts = np.bincount(assigned, minlength=len(centres))
    members = np.split(np.argsort(assigned, kind="stable"), np.cumsum(counts)[:-1])
    labels = np.bincount(nearest(labeled, centres)[0], minlength=len(centres))
    return members, labels.tolist()


def by_typicality(embeddings: FloatArray, members: NDArray[np.int64], rng: np.random.Generator) -> list[int]:
    """The members, or a sample of many, from the least to the most typical, the first of equals last."""
    if len(members) > COMPARED:
        members = np.sort(rng.choice(members, COMPARED, replace=False))
    apart = mean_distance(rows_at(embeddings, members))
    return [int(row) for row in members[np.argsort(apart, kind="stable")[::-1]]]


def mean_distance(rows: Float32) -> Float32:
    """To the nearest neighbours among the rows, (n,); 0 for a row that is alone."""
    neighbours = min(NEIGHBOURS, len(rows) - 1)
    if neighbours == 0:
        return np.zeros(len(rows), dtype=np.float32)
    squared = squared_distances(rows, rows)
    np.fill_diagonal(squared, 0.0)
    near = np.partition(squared, neighbours, axis=1)[:, : neighbours + 1]
    return np.asarray(np.sqrt(near).sum(axis=1) / neighbours)
