"""What one more judgment of an item is worth: the scale on which "ask again" is compared with "ask new"."""

from __future__ import annotations

import numpy as np

from active.acquisition.checking import distributions, floats
from active.acquisition.pool import FloatArray
from active.acquisition.rows import Float32, blocks
from active.acquisition.top_two import top_two


def value_of_judgment(distribution: FloatArray, accuracy: FloatArray | float) -> Float32:
    """Expected rise of the probability of the likeliest label after one more vote, (n,) in [0, 1 - 1/k].

    distribution is (n, k), as a consensus or a model has it; accuracy, a number or (n,) in [0, 1], that of the judge, who errs
    evenly. It is the expected value of sample information under 0-1 loss (Raiffa & Schlaifer 1961). ValueError when
    rows are no distributions, or an accuracy is none.
    """
    chances = floats("distribution", distribution, 2)
    distributions("distribution", chances)
    right = np.broadcast_to(np.asarray(accuracy, dtype=np.float32), len(chances))
    if not ((right >= 0.0) & (right <= 1.0)).all():
        raise ValueError("accuracy must be in [0, 1]")
    values = np.zeros(len(chances), dtype=np.float32)
    for rows in blocks(*chances.shape) if chances.shape[1] > 1 else ():
        values[rows] = _rise(np.asarray(chances[rows], dtype=np.float32), right[rows])
    return values


def _rise(block: Float32, right: Float32) -> Float32:
    """After a vote for y, label j has p_j c_jy: the likeliest is y itself, or the strongest of all others."""
    wrong = (np.float32(1.0) - right) / np.float32(block.shape[1] - 1)
    first, second = top_two(block)
    after = np.maximum(right[:, None] * block, (wrong * first)[:, None]).sum(axis=1)
    # For the likeliest label itself, the strongest other one is the second.
    after -= np.maximum(right, wrong) * first
    after += np.maximum(right * first, wrong * second)
    return np.asarray(np.maximum(after - first, np.float32(0.0)))
