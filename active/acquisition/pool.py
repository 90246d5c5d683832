"""What an acquisition function looks at, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Pool:
    """Unlabeled items as arrays with aligned first axis (n), and the labeled items beside them (m).

    What is not known is None; a function that needs it raises ValueError with the name of what it lacks. Raises ValueError
    when the arrays are not aligned, or hold NaN or infinity (the message tells the first row).
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

    def __len__(self) -> int:
        for array, axis in (
            (self.probabilities, 0),
            (self.embeddings, 0),
            (self.committee, 1),
            (self.cost, 0),
        ):
            if array is not None:
                return int(array.shape[axis])
        return 0


@dataclass(frozen=True, eq=False)
class Picks:
    """The chosen items, soonest first. `score`: higher means ask sooner."""

    index: NDArray[np.int64]  # (n,) positions in the pool, each at most once
    score: NDArray[np.float64]  # (n,)


# acquire(pool, n, rng): the n items to ask next (all of them where there are fewer).
Acquire = Callable[[Pool, int, np.random.Generator], Picks]
