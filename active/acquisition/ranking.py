"""From scores to picks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from active.acquisition.pool import Picks

Scores = NDArray[np.floating[Any]]


def lack(name: str) -> ValueError:
    """The error of a function whose pool has no such array; name is the pool's own word for it."""
    return ValueError(f"The pool has no {name}, without which nothing can be chosen this way")


def top_n(score: Scores, n: int, then: Scores | None = None) -> Picks:
    """The n items of highest score, highest first; of equal ones that of higher `then`, and after that the earlier one."""
    among = np.flatnonzero(score >= nth_highest(score, n)) if n < len(score) else np.arange(len(score))
    keys = (among, -score[among]) if then is None else (among, -then[among], -score[among])
    index = among[np.lexsort(keys)[: max(n, 0)]]
    return Picks(index, score[index].astype(np.float64))


def nth_highest(score: Scores, n: int) -> Any:
    return np.partition(score, len(score) - n)[len(score) - n] if n > 0 else np.inf


def in_order(index: NDArray[np.int64]) -> Picks:
    """Items that were chosen one after the other, soonest first; their scores say only that, from 1 down to 1 / n."""
    return Picks(index, 1.0 - np.arange(len(index)) / max(len(index), 1))
