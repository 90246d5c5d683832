"""What an acquisition function looks at, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from active.acquisition import checking

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]


DIMENSIONS = {"probabilities": 2, "embeddings": 2, "labeled": 2, "committee": 3, "cost": 1}


def size(array: NDArray[Any] | None, axis: int) -> int | None:
    return None if array is None else int(array.shape[axis])


@dataclass(frozen=True, eq=False)
class Pool:
    """Unlabeled items as arrays with aligned first axis (n), and the labeled items beside them (m).

    What is not known is None; a function that needs it raises ValueError with the name of what it lacks. Raises ValueError
    when the arrays are not aligned, or hold NaN or infinity (the message tells the first row), when rows of probabilities
    are none, a label has no number or a cost is not above 0. Arrays are kept as they are, not copied.
    """

    # (n, k) calibrated probability of each label; rows add up to 1.
    probabilities: FloatArray | None = None
    # (n, d), any float type; float16 and memory maps are read in blocks.
    embeddings: FloatArray | None = None
    # (m, d) embeddings and (m,) label numbers of the labeled items.
    labeled: FloatArray | None = None
    labels: IntArray | None = None
    # (c, n, k) probabilities by each member of a committee.
    committee: FloatArray | None = None
    # (n,) expected seconds of a judgment.
    cost: FloatArray | None = None

    def __post_init__(self) -> None:
        for name, dimensions in DIMENSIONS.items():
            if getattr(self, name) is not None:
                object.__setattr__(self, name, checking.floats(name, getattr(self, name), dimensions))
        if self.labels is not None:
            n_labels = size(self.probabilities, 1) or size(self.committee, 2)
            object.__setattr__(self, "labels", checking.label_numbers(self.labels, n_labels))
        self._check_sizes()
        self._check_numbers()

    def __len__(self) -> int:
        return next((length for length in self._lengths().values() if length is not None), 0)

    def _lengths(self) -> dict[str, int | None]:
        return {
            "probabilities": size(self.probabilities, 0),
            "embeddings": size(self.embeddings, 0),
            "committee": size(self.committee, 1),
            "cost": size(self.cost, 0),
        }

    def _check_sizes(self) -> None:
        checking.same("items", self._lengths())
        checking.same(
            "labels", {"probabilities": size(self.probabilities, 1), "committee": size(self.committee, 2)}
        )
        checking.same(
            "dimensions", {"embeddings": size(self.embeddings, 1), "labeled": size(self.labeled, 1)}
        )
        checking.same("labeled items", {"labeled": size(self.labeled, 0), "labels": size(self.labels, 0)})

    def _check_numbers(self) -> None:
        if self.probabilities is not None:
            checking.distributions("probabilities", self.probabilities)
        for member, probabilities in enumerate(() if self.committee is None else self.committee):
            checking.distributions(f"committee[{member}]", probabilities)
        for name, vectors in (("embeddings", self.embeddings), ("labeled", self.labeled)):
            if vectors is not None:
                checking.finite(name, vectors)
        if self.cost is not None:
            checking.above_zero("cost", self.cost)


@dataclass(frozen=True, eq=False)
class Picks:
    """The chosen items, soonest first. `score`: higher means ask sooner."""

    index: NDArray[np.int64]  # (n,) positions in the pool, each at most once
    score: NDArray[np.float64]  # (n,)


# acquire(pool, n, rng): the n items to ask next (all of them where there are fewer).
Acquire = Callable[[Pool, int, np.random.Generator], Picks]
