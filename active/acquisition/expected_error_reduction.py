"""Expected error reduction: how much surer of all other items the model would be, whatever label the item turns out to have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active.acquisition.drawing import drawn
from active.acquisition.entropy_after import fall_of_entropy
from active.acquisition.margin import closeness
from active.acquisition.one_step import Float64, Trained, in_turn, squares, steps
from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32
from active.acquisition.vectors import rows_at

# Candidates, unless twice as many as are wanted are more.
CANDIDATES = 500
# Items of the pool that tell how sure the model would be, and labeled items that it steps from: as many, but fewer, down to
# the second number, where candidates times these (and times labels) exceed the third. It all takes about a second.
JUDGED = 1_000, 20, 50_000_000
LABELED = 1_000, 50, 20_000_000
# Candidates that are worked on at once, and how many of the best are taken one after the other, each in view of those before.
AT_ONCE = 1_024
TURNS = 256


def acquire(pool: Pool, n: int, rng: np.random.Generator, *, ridge: float = 0.1) -> Picks:
    """Of candidates drawn by their margin scores, take the n of highest expected fall of the mean entropy (Roy & McCallum 2001).

    Needs probabilities and embeddings; labeled embeddings where there are some. The model is a softmax regression that takes one
    step to each label that may come; its penalty is ridge times the mean squared length of the embeddings. Scores
    are in nats per item, given those before. Random where the pool has more than CANDIDATES items.
    """
    if pool.probabilities is None:
        raise lack("probabilities")
    if pool.embeddings is None:
        raise lack("embeddings")
    if not len(pool):
        return top_n(np.zeros(0), n)
    candidates = drawn(closeness(pool.probabilities), max(CANDIDATES, 2 * n), rng)
    labeled = pool.embeddings[:0] if pool.labeled is None else pool.labeled
    judged = _judged(pool.probabilities, pool.embeddings, labeled, len(candidates), ridge, rng)
    gain = np.empty(len(candidates))
    for first in range(0, len(candidates), AT_ONCE):
        some = candidates[first : first + AT_ONCE]
        gain[first : first + AT_ONCE] = judged.falls(
            rows_at(pool.probabilities, some), rows_at(pool.embeddings, some)
        )
    front = np.sort(top_n(gain, AT_ONCE).index)
    gain[front] = judged.falls_in_turn(
        gain[front], rows_at(pool.embeddings, candidates[front]), min(n, TURNS)
    )
    best = top_n(gain, n)
    return Picks(candidates[best.index], best.score)


@dataclass(frozen=True, eq=False)
class Judged:
    """A sample of the pool, and the model that is to become surer of it."""

    chances: Float32  # (u, k)
    at: Float32  # (u, d)
    model: Trained

    def falls(self, chances: Float32, at: Float32) -> Float64:
        """Expected fall of the sample's mean entropy by the label of each candidate, (c,)."""
        between, own = self.model.covariance(self.at, at)
        return fall_of_entropy(self.chances, chances, steps(between, own))

    def falls_in_turn(self, falls: Float64, at: Float32, turns: int) -> Float64:
        """The falls when the best candidates are taken one after the other, (c,)."""
        between, _ = self.model.covariance(np.concatenate([self.at, at]), at)
        return in_turn(falls, between, len(self.at), turns)


def _judged(
    probabilities: FloatArray,
    embeddings: FloatArray,
    labeled: FloatArray,
    candidates: int,
    ridge: float,
    rng: np.random.Generator,
) -> Judged:
    rows = _sample(len(probabilities), candidates * probabilities.shape[1], JUDGED, rng)
    kept = _sample(len(labeled), candidates, LABELED, rng)
    at = rows_at(embeddings, rows)
    weight = len(labeled) / max(len(kept), 1)
    model = Trained(rows_at(labeled, kept), max(weight, 1.0), ridge * float(squares(at).mean()))
    return Judged(rows_at(probabilities, rows), at, model)


def _sample(rows: int, each: int, sizes: tuple[int, int, int], rng: np.random.Generator) -> NDArray[np.int64]:
    most, least, product = sizes
    return drawn(np.ones(rows), min(most, max(least, product // max(each, 1))), rng)
