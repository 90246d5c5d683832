"""Covering rows by a few of them: greedy maximisation of a facility-location function.

A picked row covers each other one as much as the two are alike, K(x, y) = exp(-|x - y|² / h); a row is covered as much as by the pick most
like it. The gain in weighted coverage falls with every pick (it is submodular), so picking greedily gets at least 1 - 1/e of the best
coverage possible (Nemhauser, Wolsey & Fisher 1978). Weighted by what a model does not know, this is the coverage of Bae, Ma, Sutherland &
Lee (2024).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from active.acquisition.distances import minima, squared_distances, squared_lengths
from active.acquisition.rows import Float32, blocks

# Rows nearer than this, of the mean squared length, are copies of one another; also the least width.
COPY = 0.01
# A gain that is none, of the mean weight of a row.
NOTHING = 1e-3


def width(rows: Float32, others: Float32) -> float:
    """The median squared distance of rows to the nearest of the others that is no copy: how far apart so many random rows lie.

    Rows are about their mean.
    """
    least = COPY * float(squared_lengths(rows).mean()) if len(rows) else 0.0
    nearest = minima(rows, others)
    apart = nearest[(nearest > least) & np.isfinite(nearest)]
    typical = float(np.median(apart)) if len(apart) else least
    return max(typical, float(np.finfo(np.float32).tiny))


def likeness(rows: Float32, others: Float32, h: float) -> Float32:
    """K, (rows, others)."""
    alike = squared_distances(rows, others)
    for some in blocks(*alike.shape):
        block = alike[some]
        block *= np.float32(-1.0 / h)
        np.exp(block, out=block)
    return alike


def covered(rows: Float32, by: Float32, h: float) -> Float32:
    """How much the rows are covered by others, (rows,)."""
    return np.asarray(np.exp(minima(rows, by) / np.float32(-h)), dtype=np.float32)


def cover(alike: Float32, weight: Float32, already: Float32, n: int) -> NDArray[np.int64]:
    """Columns of K (rows, candidates) that together gain most, the best first: n, or fewer where the others gain nothing.

    weight (rows,) is what each row is worth, already (rows,) how much it is covered before.
    """
    reach, gain = already.copy(), gains(alike, weight, already)
    chosen: list[int] = []
    least = NOTHING * float(weight.mean()) if len(weight) else 0.0
    while len(chosen) < min(n, alike.shape[1]):
        best = int(gain.argmax())
        if gain[best] <= least:
            break
        chosen.append(best)
        # Only rows that this pick covers better than before change what others can gain.
        nearer = np.flatnonzero(alike[:, best] > reach)
        before = reach[nearer]
        reach[nearer] = alike[nearer, best]
        gain -= lost(alike[nearer], weight[nearer], before, reach[nearer])
        gain[best] = -np.inf
    return np.array(chosen, dtype=np.int64)


def gains(alike: Float32, weight: Float32, already: Float32) -> NDArray[np.float64]:
    """What each candidate alone would gain, (candidates,)."""
    total = np.zeros(alike.shape[1])
    for some in blocks(*alike.shape):
        more = alike[some] - already[some, None]
        total += weight[some] @ np.maximum(more, 0.0, out=more)
    return total


def lost(alike: Float32, weight: Float32, before: Float32, after: Float32) -> NDArray[np.float64]:
    """How much less each candidate gains when these rows are covered better, (candidates,)."""
    lower = np.maximum(alike, before[:, None])
    np.minimum(lower, after[:, None], out=lower)
    lower -= before[:, None]
    return np.asarray(weight @ lower, dtype=np.float64)
