"""k-center (core-set): the items farthest from everything that is labeled or chosen."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from active.acquisition.distances import minima, squared_lengths
from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32
from active.acquisition.vectors import as_float32, float_blocks

# How many rows are first looked at, those farthest away.
FRONTIER = 1_024
# To bring one row up to date takes as long as this many in a pass over all of them.
SCATTERED = 64
# What rounding may take from a squared distance in a pass, of the longest squared length.
ROUNDING = 2e-5


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take n items, each the farthest from all labeled and taken ones; scores are the distances (Sener & Savarese 2018).

    Exactly the greedy picks, of equally far items the earlier one. Where nothing is labeled, the first is the item
    nearest the mean. Nothing is random.
    """
    if pool.embeddings is None:
        raise lack("embeddings")
    labeled = np.empty((0, pool.embeddings.shape[1])) if pool.labeled is None else pool.labeled
    return k_center_from(pool.embeddings, minima(pool.embeddings, labeled), n)


def k_center_from(embeddings: FloatArray, squared: Float32, n: int) -> Picks:
    """The picks from squared distances to the labeled items, (n,), which `minima` gives and brings up to date; they are not written to.

    All infinite where nothing is labeled.
    """
    n = max(0, min(n, len(embeddings)))
    greedy = _Greedy(embeddings, n, squared.copy())
    if n and np.isinf(squared[0]):
        greedy.take(nearest_mean(embeddings), np.inf)
    while len(greedy.picks) < n:
        greedy.take(*greedy.farthest())
    scores = np.sqrt(np.array(greedy.scores, dtype=np.float64))
    # Nothing is there that the first of all could be far from: it counts as far as the second is from it.
    scores[np.isinf(scores)] = scores[1] if n > 1 else 0.0
    return Picks(np.array(greedy.picks, dtype=np.int64), scores)


def nearest_mean(embeddings: FloatArray) -> int:
    """The row nearest the mean of all, the first of equally near ones."""
    total = np.zeros(embeddings.shape[1])
    for _, block in float_blocks(embeddings):
        total += block.sum(axis=0, dtype=np.float64)
    mean = (total / len(embeddings)).astype(np.float32)
    return int(np.concatenate([squared_to(block, mean) for _, block in float_blocks(embeddings)]).argmin())


def squared_to(rows: Float32, centre: Float32) -> Float32:
    """By their differences, so that each is the same to the last bit whatever rows are beside it, and equal rows are equally far."""
    apart = rows - centre
    return np.asarray(np.einsum("ij,ij->i", apart, apart))


@dataclass
class _Greedy:
    """Farthest-first by lazy upper bounds: distances only shrink as items are taken, so one that is out of date is an upper bound.

    The rows with the highest bounds are in a heap. Its top is brought up to date, which may move it down; a top that is up to
    date is farthest, as no row below it can be farther.
    """

    embeddings: FloatArray
    n: int
    # By differences, to the labeled items and as many picks as `seen` says; and by passes too, never below what it really is.
    squared: Float32
    bound: Float32 = field(init=False)
    picks: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    heap: list[tuple[float, int]] = field(default_factory=list)
    # No row outside the heap comes before this place; how many rows the heap takes up next.
    end: tuple[float, int] = (-np.inf, 0)
    size: int = field(init=False)
    # Picks that all bounds account for, and how many rows are brought up to date before a pass.
    passed: int = 0
    patience: int = field(init=False)
    lengths: Float32 | None = None

    def __post_init__(self) -> None:
        rows = len(self.squared)
        self.bound = self.squared.copy()
        self.patience, self.size = rows // SCATTERED, FRONTIER
        self.taken = np.empty((self.n, self.embeddings.shape[1]), dtype=np.float32)
        self.seen = np.zeros(rows, dtype=np.int32)
        # In the heap, or taken.
        self.inside = np.zeros(rows, dtype=bool)

    def take(self, row: int, squared: float) -> None:
        self.taken[len(self.picks)] = as_float32(self.embeddings[row])
        self.picks.append(row)
        self.scores.append(squared)
        self.inside[row] = True

    def farthest(self) -> tuple[int, float]:
        """Remove from the heap the row that is farthest from all picks, the first of equally far ones; its squared distance."""
        looked, passed = 0, self.passed
        while True:
            while not self.heap or self.heap[0] > self.end:
                self.widen()
            row = self.heap[0][1]
            if self.seen[row] == len(self.picks):
                break
            heapq.heapreplace(self.heap, (-self.update(row), row))
            looked += 1
            if looked > self.patience and self.passed < len(self.picks):
                self.update_all()
        # Where passes keep being needed, less is lost before the next one.
        self.patience = max(self.patience // 2, 1) if self.passed > passed else self.patience * 2
        self.patience = min(self.patience, len(self.bound) // SCATTERED)
        return row, -heapq.heappop(self.heap)[0]

    def widen(self) -> None:
        """Let the outside rows with the highest bounds into the heap, in order of bound and row."""
        outside = np.flatnonzero(~self.inside)
        picks = top_n(self.bound[outside], self.size)
        rows = outside[picks.index]
        self.heap = sorted([*self.heap, *zip((-picks.score).tolist(), rows.tolist(), strict=True)])
        self.inside[rows] = True
        self.end = (-float(picks.score[-1]), int(rows[-1])) if len(rows) < len(outside) else (np.inf, 0)
        self.size *= 2

    def update(self, row: int) -> float:
        apart = squared_to(self.taken[self.seen[row] : len(self.picks)], as_float32(self.embeddings[row]))
        squared = min(self.squared[row], apart.min())
        self.squared[row] = self.bound[row] = squared
        self.seen[row] = len(self.picks)
        return float(squared)

    def update_all(self) -> None:
        """When the heap does not come to rest, as with many rows close together, all rows are sooner done at once than one by one."""
        new = self.taken[self.passed : len(self.picks)]
        if self.lengths is None:
            self.lengths = np.concatenate(
                [squared_lengths(rows) for _, rows in float_blocks(self.embeddings)]
            )
        doubt = ROUNDING * float(self.lengths.max())
        halves = squared_lengths(new) / 2.0
        for rows, block in float_blocks(self.embeddings):
            squared = self.lengths[rows] - 2.0 * (block @ new.T - halves).max(axis=1)
            np.minimum(self.bound[rows], np.maximum(squared + doubt, doubt), out=self.bound[rows])
        self.passed, self.size, self.heap, self.end = len(self.picks), FRONTIER, [], (-np.inf, 0)
        self.inside[:] = False
        self.inside[self.picks] = True
