"""The default: coverage while labels are few, then what the model doubts, spread out; always with a share drawn at random.

docs/methods/adaptive.md has the formulas and what was measured.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from active.acquisition.margin import closeness
from active.acquisition.pool import Picks, Pool
from active.acquisition.ranking import in_order, lack, top_n
from active.acquisition.spreading import Rows, coverage, doubtful

__all__ = [
    "EACH",
    "EXPLORE",
    "FEW",
    "NAME",
    "Stage",
    "acquire",
    "coverage",
    "doubtful",
    "random_places",
    "stage",
]

Stage = Literal["coverage", "margin"]
NAME = "adaptive"
# Coverage goes on up to so many labeled items in all, and so many for each label seen.
FEW, EACH = 60, 2
# The share of a batch that is drawn at random.
EXPLORE = 0.05


def acquire(pool: Pool, n: int, rng: np.random.Generator, *, explore: float = EXPLORE) -> Picks:
    """Take n items by the stage that the labels so far call for, `explore` of them at random, spread evenly over the order.

    Without a model it is coverage; without embeddings, the smallest margins. Scores tell the order only, and
    `random_places` which picks were drawn.
    """
    if pool.embeddings is None and pool.probabilities is None:
        raise lack("embeddings or probabilities")
    n = max(0, min(n, len(pool)))
    by_chance = random_places(n, explore)
    # Drawn first: what these cover the others need not cover again.
    drawn = rng.choice(len(pool), size=int(by_chance.sum()), replace=False)
    index = np.empty(n, dtype=np.int64)
    index[by_chance] = drawn
    index[~by_chance] = _chosen(pool, n - len(drawn), rng, drawn)
    return in_order(index)


def random_places(n: int, explore: float = EXPLORE) -> NDArray[np.bool_]:
    """Which of n picks are drawn at random, (n,): the share, rounded to whole items, spread evenly."""
    size = round(explore * n)
    places = np.zeros(n, dtype=bool)
    places[((np.arange(size) + 0.5) * n / max(size, 1)).astype(int)] = True
    return places


def stage(n_labeled: int, labels_seen: int) -> Stage:
    """What to do next, with so many labeled items that have so many different labels."""
    return "coverage" if n_labeled < max(FEW, EACH * labels_seen) else "margin"


def _chosen(pool: Pool, n: int, rng: np.random.Generator, taken: Rows) -> Rows:
    if pool.embeddings is None:
        return _smallest_margins(pool, n, taken)
    if pool.probabilities is None:
        return coverage(pool, n, rng, taken)
    # A model without a word of what it learned from has learned from enough.
    seen = None if pool.labels is None else stage(len(pool.labels), len(np.unique(pool.labels)))
    return (coverage if seen == "coverage" else doubtful)(pool, n, rng, taken)


def _smallest_margins(pool: Pool, n: int, taken: Rows) -> Rows:
    assert pool.probabilities is not None
    score = closeness(pool.probabilities)
    score[taken] = -1.0
    return top_n(score, n).index
