"""The two largest numbers of each row."""

from __future__ import annotations

import numpy as np

from active.acquisition.rows import Float32


def top_two(block: Float32) -> tuple[Float32, Float32]:
    """Largest and second largest of each row, (rows,) each; the second is 0 where there is but one column."""
    if block.shape[1] < 2:
        return block.max(axis=1, initial=0.0), np.zeros(len(block), dtype=np.float32)
    two = np.partition(block, -2, axis=1)[:, -2:]
    return two[:, 1], two[:, 0]
