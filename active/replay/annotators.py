"""Whoever answers in a replay: right always, or wrong as often and in the way that is wished."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
# annotator(truth, n_labels, rng): the label given to each item, (n,), from the right one.
Annotator = Callable[[Ints, int, np.random.Generator], Ints]


def perfect(truth: Ints, n_labels: int, rng: np.random.Generator) -> Ints:
    """Give the right label."""
    return truth


def noisy(accuracy: float) -> Annotator:
    """Gives the right label so often, in [0, 1], and otherwise each wrong one as often as any other."""
    if not 0.0 <= accuracy <= 1.0:
        raise ValueError(f"accuracy must be in [0, 1], not {accuracy}")
    return partial(_err_evenly, accuracy)


def confused(confusion: NDArray[np.floating[Any]]) -> Annotator:
    """Gives label l to an item of label k with chance confusion[k, l], (n_labels, n_labels); rows sum to 1."""
    chances = np.asarray(confusion, dtype=np.float64)
    square = chances.ndim == 2 and chances.shape[0] == chances.shape[1]
    if not square or not (chances >= 0.0).all() or not np.allclose(chances.sum(axis=1), 1.0, atol=1e-6):
        raise ValueError("confusion must be square, with rows of chances that sum to 1")
    return partial(_err_by_chances, chances)


def _err_evenly(accuracy: float, truth: Ints, n_labels: int, rng: np.random.Generator) -> Ints:
    wrong = rng.random(len(truth)) >= accuracy
    # One of the n_labels - 1 labels that come after the right one, in a circle.
    shift = rng.integers(1, max(n_labels, 2), size=len(truth))
    return np.where(wrong, (truth + shift) % n_labels, truth)


def _err_by_chances(
    chances: NDArray[np.float64], truth: Ints, n_labels: int, rng: np.random.Generator
) -> Ints:
    if len(chances) != n_labels:
        raise ValueError(f"confusion is of {len(chances)} labels, the items have {n_labels}")
    summed = np.cumsum(chances, axis=1)[truth]
    given = (rng.random(len(truth))[:, None] >= summed).sum(axis=1)
    return np.asarray(np.minimum(given, n_labels - 1), dtype=np.int64)
