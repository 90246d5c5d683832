"""Losses of scores against soft targets, with their gradients, block by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse

from active.learners.heads import sigmoid
from active.learners.types import FloatArray, IntArray, Kind, Targets

LEAST_CHANCE = 1e-14


@dataclass(frozen=True, eq=False)
class Part:
    """Targets of consecutive rows, times the rows' weights; coordinates only where they are sparse."""

    weights: FloatArray  # (m, 1)
    values: FloatArray  # (m, c), or (entries,)
    where: tuple[IntArray, IntArray] | None = None

    def inner(self, scores: FloatArray) -> float:
        """Sum of weight times target times score."""
        chosen = scores if self.where is None else scores[self.where]
        return summed(self.values * chosen)

    def subtract_from(self, expected: FloatArray) -> None:
        if self.where is None:
            expected -= self.values
        else:
            expected[self.where] -= self.values


def part(targets: Targets, weights: FloatArray, rows: slice) -> Part:
    count = weights[rows, None]
    if not issparse(targets):
        return Part(count, targets[rows] * count)
    first, last, _ = rows.indices(targets.shape[0])
    starts = targets.indptr[first : last + 1]
    inside = slice(starts[0], starts[-1])
    row = np.repeat(np.arange(last - first), np.diff(starts))
    return Part(count, targets.data[inside] * count[row, 0], (row, targets.indices[inside]))


def cross_entropy(kind: Kind, scores: FloatArray, part: Part) -> tuple[float, FloatArray]:
    """Weighted sum of the loss, and its gradient by the scores, which are overwritten.

    For "ordinal" each column is judged by itself; `ordered` judges all of them together.
    """
    return categorical(scores, part) if kind == "single" else binary(scores, part)


def categorical(scores: FloatArray, part: Part) -> tuple[float, FloatArray]:
    """Of one label among all: log of the sum of exponentials, less the score of the target."""
    scores -= scores.max(axis=1, keepdims=True)
    value = -part.inner(scores)
    np.exp(scores, out=scores)
    total = scores.sum(axis=1, keepdims=True)
    value += summed(part.weights * np.log(total))
    scores *= part.weights / total
    part.subtract_from(scores)
    return value, scores


def binary(scores: FloatArray, part: Part) -> tuple[float, FloatArray]:
    """Of each column by itself, added up."""
    value = -part.inner(scores)
    small = np.exp(-np.abs(scores))
    top = np.maximum(scores, 0.0)
    total = small + 1.0
    value += summed(part.weights[:, 0] * (top + np.log(total)).sum(axis=1))
    residual = np.where(scores >= 0.0, 1.0, small) / total
    residual *= part.weights
    part.subtract_from(residual)
    return value, residual


def ordered(scores: FloatArray, part: Part) -> tuple[float, FloatArray]:
    """Of one label between thresholds (McCullagh 1980), by the scores of being above each; infinite where these cross."""
    # In double precision: a chance is the difference of two numbers that may both be all but 1.
    above = sigmoid(scores.astype(np.float64))
    chance, targets = falls(1.0, above), falls(part.weights, part.values)
    if chance.min(initial=1.0) < LEAST_CHANCE:
        return np.inf, scores
    value = -summed(targets * np.log(chance))
    ratio = targets / chance
    return value, (above * (1.0 - above) * (ratio[:, :-1] - ratio[:, 1:])).astype(np.float32)


def falls(first: float | FloatArray, above: FloatArray) -> FloatArray:
    """How much each column is below the one before it, (m, c + 1): from first, (m, 1), down to 0."""
    ends = np.broadcast_to(first, (len(above), 1)), np.zeros((len(above), 1))
    return np.asarray(-np.diff(np.concatenate([ends[0], above, ends[1]], axis=1), axis=1))


def summed(values: FloatArray) -> float:
    """The sum in double precision: the descent tells small differences of it."""
    return float(values.sum(dtype=np.float64))
