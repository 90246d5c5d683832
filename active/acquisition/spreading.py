"""The two stages of the default: cover the pool, or what the model doubts of it, by as few items as possible.

A stage says which rows are to be covered, what each is worth, and which rows may be picked for that; covering.py picks. Labeled items cover
too, so that nothing is asked whose like is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active.acquisition import covering
from active.acquisition.drawing import drawn
from active.acquisition.margin import closeness
from active.acquisition.pool import FloatArray, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32
from active.acquisition.vectors import rows_at

Rows = NDArray[np.int64]
NONE = np.empty(0, dtype=np.int64)
# Coverage: rows of the pool to be covered, and rows to choose among.
SAMPLE, CHOICE = 6_000, 3_000
# Margin: candidates, of smallest margin: so many for each pick and so many at least, but at most this part of the pool.
CANDIDATES, LEAST, SHARE = 30, 2_000, 2
# Doubtful items are told apart more finely: one beside another may be of another label.
NARROW = 0.5
# Picks that are made together, so that neither time nor memory grows with the square of a large batch.
TOGETHER = 100
# Labeled items, and random rows, that are looked at.
MOST_LABELED, MOST_RANDOM = 20_000, 5_000


@dataclass(frozen=True, eq=False)
class Task:
    """The rows to be covered and the rows to choose among."""

    covered: Rows
    among: Rows
    # The width of likeness, of that which random rows suggest.
    width: float = 1.0


def coverage(pool: Pool, n: int, rng: np.random.Generator, taken: Rows = NONE) -> Rows:
    """n items that together cover a uniform sample of the pool, its rows weighted by their closeness once there is a model.

    Candidates are drawn by that weight. `taken` are items that are chosen already.
    """
    even = np.ones(len(pool), dtype=np.float32)
    weight = even if pool.probabilities is None else doubt(pool.probabilities)

    def task(free: Rows, size: int) -> Task:
        sample = rng.choice(len(pool), size=min(SAMPLE, len(pool)), replace=False)
        return Task(np.sort(sample), free[drawn(weight[free], max(CHOICE, 2 * size), rng)])

    return picked(pool, n, rng, taken, weight, task)


def doubtful(pool: Pool, n: int, rng: np.random.Generator, taken: Rows = NONE, *, share: int = SHARE) -> Rows:
    """n of the items of smallest margin that together cover these best, each weighted by its closeness.

    Candidates are one item in `share` of the pool at most: 1 where it holds the smallest margins only.
    """
    if pool.probabilities is None:
        raise lack("probabilities")
    weight = doubt(pool.probabilities)

    def task(free: Rows, size: int) -> Task:
        most = max(size, min(max(CANDIDATES * size, LEAST), len(pool) // share))
        closest = free[np.sort(top_n(weight[free], most).index)]
        return Task(closest, closest, NARROW)

    return picked(pool, n, rng, taken, weight, task)


def doubt(probabilities: FloatArray) -> Float32:
    """Weights of rows, (n,): their closeness, or all the same where nothing is in doubt, as for a model of one label."""
    close = closeness(probabilities)
    return close if close.max(initial=0.0) > 0.0 else np.ones_like(close)


def picked(
    pool: Pool,
    n: int,
    rng: np.random.Generator,
    taken: Rows,
    weight: Float32,
    task: Callable[[Rows, int], Task],
) -> Rows:
    """n items, TOGETHER at a time; task(rows that may be chosen, how many to pick)."""
    if pool.embeddings is None:
        raise lack("embeddings")
    known, free = labeled(pool, rng), np.ones(len(pool), dtype=bool)
    found, last = NONE, taken
    while True:
        free[last] = False
        size = min(n - len(found), TOGETHER)
        if size <= 0 or not free.any():
            break
        known = np.concatenate([known, rows_at(pool.embeddings, last)])
        now = task(np.flatnonzero(free), size)
        last = now.among[best(pool, now, weight[now.covered], known, size, rng)]
        if len(last) < size:
            # All that could be chosen is as good as a copy of what is known.
            free[now.among] = False
        found = np.concatenate([found, last])
    copies = rng.permutation(np.setdiff1d(np.arange(len(pool)), np.concatenate([found, taken])))
    return np.concatenate([found, copies[top_n(weight[copies], n - len(found)).index]])


def labeled(pool: Pool, rng: np.random.Generator) -> Float32:
    """The embeddings of labeled items, a part of them where they are very many."""
    assert pool.embeddings is not None
    if pool.labeled is None:
        return np.empty((0, pool.embeddings.shape[1]), dtype=np.float32)
    size = min(len(pool.labeled), MOST_LABELED)
    return rows_at(pool.labeled, np.sort(rng.choice(len(pool.labeled), size=size, replace=False)))


def best(pool: Pool, task: Task, weight: Float32, known: Float32, n: int, rng: np.random.Generator) -> Rows:
    """Places in task.among of the rows to pick: n, or fewer where the others would add nothing."""
    assert pool.embeddings is not None
    rows = rows_at(pool.embeddings, task.covered)
    # About the mean, where distances lose least to rounding.
    mean = rows.mean(axis=0)
    rows -= mean
    among = rows if task.among is task.covered else rows_at(pool.embeddings, task.among) - mean
    size = min(len(known) + n, MOST_RANDOM, len(pool))
    random = rows_at(pool.embeddings, rng.choice(len(pool), size=size, replace=False)) - mean
    h = task.width * covering.width(rows, random)
    alike = covering.likeness(rows, among, h)
    return covering.cover(alike, weight, covering.covered(rows, known - mean, h), n)
