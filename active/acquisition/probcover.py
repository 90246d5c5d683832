"""ProbCover: items whose surroundings together cover the most of the pool."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from active.acquisition.distances import minima
from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.purity import pure_radius
from active.acquisition.ranking import lack
from active.acquisition.reach import Measured, count_near, count_near_each_other, measured, near
from active.acquisition.vectors import rows_at

# Rows whose gains are brought up to date together.
TILE = 512
# Pairs of an item and a point to cover at most: all of 100,000 items, of more a sample of points.
PAIRS = 10**10


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take n items, each the one with the most items around it that nothing labeled or taken is near to (Yehuda, Dekel, Hacohen & Weinshall 2022).

    Exactly the greedy picks; of equal ones, any. Near is who is within the radius that keeps 95 % of the surroundings pure.
    Once all is covered, the rest are drawn evenly and score 0.
    """
    if pool.embeddings is None:
        raise lack("embeddings")
    n = max(0, min(n, len(pool)))
    if n == 0:
        return Picks(np.empty(0, dtype=np.int64), np.empty(0))
    squared = pure_radius(pool.embeddings, kinds(pool, n), rng)
    return cover(pool.embeddings, uncovered(pool, squared, rng), squared, n, rng)


def kinds(pool: Pool, n: int) -> int:
    """How many kinds of items there may be: as many as labels where these are known, else as many as are wanted."""
    if pool.probabilities is not None:
        return max(int(pool.probabilities.shape[1]), 2)
    if pool.labels is not None and len(pool.labels):
        return max(len(np.unique(pool.labels)), 2)
    return max(n, 2)


def uncovered(pool: Pool, squared: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """The rows to cover, in order: those that no labeled item is near to, all or a sample."""
    assert pool.embeddings is not None
    rows, most = len(pool), max(1, PAIRS // len(pool))
    index = np.arange(rows) if rows <= most else np.sort(rng.choice(rows, most, replace=False))
    if pool.labeled is None:
        return index
    return index[minima(rows_at(pool.embeddings, index), pool.labeled) > squared]


def cover(
    embeddings: FloatArray, index: NDArray[np.int64], squared: float, n: int, rng: np.random.Generator
) -> Picks:
    """n rows that greedily cover the rows at index within a squared radius. Scores are how many a pick is the first to cover."""
    points = measured(rows_at(embeddings, index))
    greedy = _Greedy(embeddings, squared, first_gains(embeddings, index, points, squared), rng)
    left = np.ones(len(index), dtype=bool)
    picks: list[int] = []
    scores: list[float] = []
    while len(picks) < n and (found := greedy.best())[1] > 0:
        picks.append(found[0])
        scores.append(float(found[1]))
        covered = near(measured(embeddings[found[0] : found[0] + 1]), points, squared)[0] & left
        left &= ~covered
        greedy.take(found[0], points[covered])
    rest = rng.permutation(np.setdiff1d(np.arange(len(embeddings)), picks))[: n - len(picks)]
    return Picks(np.array([*picks, *rest], dtype=np.int64), np.array(scores + [0.0] * len(rest)))


def first_gains(
    embeddings: FloatArray, index: NDArray[np.int64], points: Measured, squared: float
) -> NDArray[np.int64]:
    """How many of the points, which are the rows at index, each row is near to, (len(embeddings),)."""
    gains = np.zeros(len(embeddings), dtype=np.int64)
    gains[index] = count_near_each_other(points, squared)
    others = np.setdiff1d(np.arange(len(embeddings)), index)
    gains[others] = count_near(embeddings, others, points, squared)
    return gains


class _Greedy:
    """Lazy greedy (Minoux 1978): gains only fall, so one that is out of date is an upper bound. Rows of like gains share a
    tile, and a tile is brought up to date when its best bound is the best of all."""

    def __init__(
        self, embeddings: FloatArray, squared: float, gains: NDArray[np.int64], rng: np.random.Generator
    ) -> None:
        self.embeddings, self.squared, self.gains = embeddings, squared, gains
        # Gains are small numbers, and many are equal: an order for these that favours no part of the pool.
        self.turn = rng.permutation(len(gains))
        order = np.argsort(-gains, kind="stable")
        self.tiles = [order[first : first + TILE] for first in range(0, len(order), TILE)]
        self.tops = np.array([gains[tile].max() for tile in self.tiles])
        # What was covered by each pick, and how many picks each tile accounts for.
        self.covered: list[Measured] = []
        self.seen = np.zeros(len(self.tiles), dtype=np.int64)

    def best(self) -> tuple[int, int]:
        """A row of the highest gain, and its gain."""
        while True:
            among = np.flatnonzero(self.tops == self.tops.max())
            stale = among[self.seen[among] < len(self.covered)]
            if not len(stale):
                break
            self.update(int(stale[0]))
        rows = np.concatenate([self.tiles[tile] for tile in among])
        rows = rows[self.gains[rows] == self.tops.max()]
        row = int(rows[self.turn[rows].argmin()])
        return row, int(self.gains[row])

    def update(self, tile: int) -> None:
        rows = self.tiles[tile]
        for points in self.covered[self.seen[tile] :]:
            self.gains[rows] -= count_near(self.embeddings, rows, points, self.squared)
        self.seen[tile], self.tops[tile] = len(self.covered), self.gains[rows].max()

    def take(self, row: int, points: Measured) -> None:
        """Let it be covered what this row covers, and nobody take the row again."""
        self.covered.append(points)
        self.gains[row] = -1
