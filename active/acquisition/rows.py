"""Walking over rows in blocks, so that what is computed on the way stays in the cache and no copy of a pool is ever made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

# Rows of one block, and the numbers in it at most: 10,000 labels make for short blocks.
BLOCK = 16_384
NUMBERS = 1 << 18


def blocks(rows: int, width: int = 1) -> Iterator[slice]:
    """Slices that cover the rows, of BLOCK rows each, or fewer where rows hold many numbers."""
    step = max(1, min(BLOCK, NUMBERS // max(width, 1)))
    return (slice(first, min(first + step, rows)) for first in range(0, rows, step))


def by_block(array: NDArray[np.floating[Any]], score: Callable[[Float32], Float32]) -> Float32:
    """score of each row, (n,): score takes a block (rows, width) as float32, which it must not write to."""
    scores = np.empty(len(array), dtype=np.float32)
    for rows in blocks(*array.shape):
        scores[rows] = score(np.asarray(array[rows], dtype=np.float32))
    return scores
