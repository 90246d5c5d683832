"""Let strategies pick among the candidates: each sees what it is made for, and near-duplicates are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from active.acquisition import ACQUISITIONS, COMMITTEES, ROWWISE, WITHOUT_MODEL, Picks, Pool
from active.acquisition.adaptive import coverage, doubtful, stage
from active.acquisition.ranking import in_order
from active.encoders.types import unit
from active.models import Round
from active.names import DEFAULT_STRATEGY
from active.services import costs
from active.services.artifacts import Predictor
from active.services.candidates import Candidates
from active.services.scoring import BEST_PER_CHOSEN, pool_of, top
from active.services.training_data import Labeled

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
# Strategies that weigh labels against each other.
FOR_ONE_LABEL = ("class_balanced", "expected_error_reduction")
# Two items of a batch that are more alike than this are one too many.
ALIKE = 0.98
# Picked in excess, to have others in the place of near-duplicates.
EXCESS = 1.3


@dataclass(frozen=True, slots=True)
class Picked:
    """A row of the candidates, and who picked it."""

    row: int
    score: float
    strategy: str
    # Drawn by the round itself, not by a strategy.
    drawn: bool = False


@dataclass(frozen=True, eq=False)
class Known:
    """The labeled items beside the candidates, with their vectors."""

    labeled: Labeled
    vectors: Floats

    def nearest(self, vectors: Floats, n: int) -> list[list[dict[str, Any]]]:
        """The n labeled items that are most like each row, most alike first."""
        if not len(self.labeled) or not len(vectors):
            return [[] for _ in vectors]
        alike = unit(vectors) @ unit(self.vectors).T
        order = np.argsort(-alike, axis=1, kind="stable")[:, :n]
        said = self.labeled.targets.argmax(axis=1)
        return [
            [
                {
                    "item": int(self.labeled.items[near]),
                    "label": self.labeled.labels[said[near]],
                    "similarity": round(float(likeness[near]), 3),
                }
                for near in row
            ]
            for row, likeness in zip(order, alike, strict=True)
        ]


def pick(
    round: Round,
    candidates: Candidates,
    predictor: Predictor | None,
    known: Known,
    n: int,
    rng: np.random.Generator,
) -> tuple[list[Picked], list[str]]:
    """The picks of the round's strategy, in turn with those of its rival; and what was noticed."""
    notes: list[str] = []
    if not round.rival:
        return _of(round, round.strategy, candidates, predictor, known, n, rng, (), notes), notes
    # Who comes first gets what both want; they take turns at that.
    order = [round.strategy, round.rival] if round.number % 2 else [round.rival, round.strategy]
    first = _of(round, order[0], candidates, predictor, known, (n + 1) // 2, rng, (), notes)
    taken = [one.row for one in first]
    second = _of(round, order[1], candidates, predictor, known, n // 2, rng, taken, notes)
    turns = [one for pair in zip(first, second, strict=False) for one in pair]
    return [*turns, *first[len(second) :], *second[len(first) :]], notes


def _of(
    round: Round,
    strategy: str,
    candidates: Candidates,
    predictor: Predictor | None,
    known: Known,
    n: int,
    rng: np.random.Generator,
    taken: Any,
    notes: list[str],
) -> list[Picked]:
    if n <= 0 or not len(candidates):
        return []
    name = strategy
    if predictor is None and name not in WITHOUT_MODEL:
        notes.append(f"There is no model yet, so that {name} cannot choose: typical items come first.")
        name = DEFAULT_STRATEGY
    if name in FOR_ONE_LABEL and known.labeled.kind == "set":
        notes.append(f"{name} is for questions with one right label: the smallest margins come first.")
        name = "margin"
    early = predictor is None or stage(len(known.labeled), known.labeled.used) == "coverage"
    free = np.setdiff1d(_rows(name, candidates, early, n), np.asarray(taken, dtype=np.int64))
    if not len(free):
        return []
    vectors = np.asarray(candidates.vectors[free], dtype=np.float32)
    pool = _pool(name, round, candidates.items[free], vectors, predictor, known)
    picks = _acquire(name, pool, min(len(free), int(EXCESS * n) + 1), rng, early)
    order = np.argsort(-picks.score, kind="stable") if name in ROWWISE else np.arange(len(picks.index))
    chosen = different(vectors[picks.index[order]], n)
    return [Picked(int(free[picks.index[order[k]]]), float(picks.score[order[k]]), strategy) for k in chosen]


def _acquire(name: str, pool: Pool, n: int, rng: np.random.Generator, early: bool) -> Picks:
    """Of the default strategy its stage alone: the round draws the random ones, and candidates are few already."""
    if name != DEFAULT_STRATEGY:
        return ACQUISITIONS[name](pool, n, rng)
    return in_order(coverage(pool, n, rng) if early else doubtful(pool, n, rng, share=1))


def _rows(name: str, candidates: Candidates, early: bool, n: int) -> Ints:
    """Which candidates a strategy looks at. `early`: before there is a model, or while it knows little."""
    if name in ROWWISE:
        return _best(candidates, BEST_PER_CHOSEN * n)
    if name == "random" or (early and name in WITHOUT_MODEL):
        return np.flatnonzero(candidates.drawn)
    return np.arange(len(candidates))


def _best(candidates: Candidates, n: int) -> Ints:
    rows = np.flatnonzero(candidates.best)
    return np.sort(rows[top(candidates.score[rows], n)])


def _pool(
    name: str, round: Round, items: Ints, vectors: Floats, predictor: Predictor | None, known: Known
) -> Pool:
    seen = (
        pool_of(predictor, vectors, committee=name in COMMITTEES) if predictor else Pool(embeddings=vectors)
    )
    some = len(known.labeled) > 0
    one_label = known.labeled.kind != "set"
    return Pool(
        probabilities=seen.probabilities,
        embeddings=vectors,
        labeled=known.vectors if some else None,
        labels=known.labeled.targets.argmax(axis=1) if some and one_label else None,
        committee=seen.committee,
        cost=costs.expected_seconds(round.project_id, items) if name == "cost_aware" else None,
    )


def different(vectors: Floats, n: int) -> list[int]:
    """The first n rows of which none is almost the same as an earlier one; filled up where there are too few."""
    rows = unit(vectors)
    kept: list[int] = []
    left: list[int] = []
    for k in range(len(rows)):
        alike = bool(kept) and float((rows[kept] @ rows[k]).max()) > ALIKE
        (left if alike else kept).append(k)
        if len(kept) == n:
            break
    return sorted([*kept, *left[: n - len(kept)]])
