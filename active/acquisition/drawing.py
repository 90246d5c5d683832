"""Drawing rows by weight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from active.acquisition.ranking import Scores


def drawn(weight: Scores, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """n different rows, ascending, each next one with a chance in proportion to its weight (Efraimidis & Spirakis 2006).

    All of them, without a draw, where there are no more than n.
    """
    if n >= len(weight):
        return np.arange(len(weight))
    # Weights of 0 come last, not never.
    keys = rng.standard_exponential(len(weight)) / np.maximum(weight, 1e-12)
    return np.sort(np.argpartition(keys, n)[:n])
