"""From targets to the columns that a learner fits, and from its scores back to probabilities."""

from __future__ import annotations

import numpy as np

from active.learners.types import FloatArray, Kind


def n_columns(kind: Kind, n_learned: int) -> int:
    """Columns of scores for so many learned labels."""
    return n_learned - 1 if kind == "ordinal" else n_learned


def cumulative(targets: FloatArray) -> FloatArray:
    """Chance that the label is above each but the last, (n, u - 1), from targets (n, u) (Frank & Hall 2001)."""
    above = np.cumsum(targets[:, :0:-1], axis=1)[:, ::-1]
    return np.clip(above, 0.0, 1.0).astype(np.float32)


def link(kind: Kind, scores: FloatArray) -> FloatArray:
    """Probabilities of the learned labels, (..., u), from scores (..., c), which are overwritten."""
    if kind == "single":
        return softmax(scores)
    return sigmoid(scores) if kind == "set" else between(sigmoid(scores))


def softmax(scores: FloatArray) -> FloatArray:
    """In place, along the last axis."""
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def sigmoid(scores: FloatArray) -> FloatArray:
    """In place; without overflow, whatever the scores."""
    np.clip(scores, -80.0, 80.0, out=scores)
    np.negative(scores, out=scores)
    np.exp(scores, out=scores)
    scores += 1.0
    return np.reciprocal(scores, out=scores)


def between(above: FloatArray) -> FloatArray:
    """Chance of each label, (..., u), from the chance to be above each, (..., u - 1), made to fall first."""
    rows = above.shape[:-1]
    one, none = np.ones((*rows, 1), dtype=above.dtype), np.zeros((*rows, 1), dtype=above.dtype)
    # Halfway between the running least and the running greatest from behind: neither end is trusted more.
    falling = np.minimum.accumulate(above, axis=-1)
    falling += np.maximum.accumulate(above[..., ::-1], axis=-1)[..., ::-1]
    falling *= 0.5
    return -np.diff(np.concatenate([one, falling, none], axis=-1), axis=-1)
