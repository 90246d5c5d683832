"""Reading what a committee says, block by block of items."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from active.acquisition.pool import FloatArray
from active.acquisition.rows import Float32, blocks


def by_item(committee: FloatArray, score: Callable[[Float32], Float32]) -> Float32:
    """score of each item, (n,): score takes (members, rows, labels) as float32 and returns (rows,)."""
    members, items, labels = committee.shape
    scores = np.zeros(items, dtype=np.float32)
    # Nobody disagrees with nobody.
    for rows in blocks(items, members * labels) if members else ():
        scores[rows] = score(np.asarray(committee[:, rows], dtype=np.float32))
    return scores
