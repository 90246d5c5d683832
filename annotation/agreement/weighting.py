"""How far two values are apart, for Cohen's kappa and its tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from annotation.agreement.disagreement import unit_scores
from annotation.agreement.judgments import Judgments
from annotation.agreement.tally import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Weighting:
    """`distance(said, replied, score)` of aligned labels; `to_all(margins, score)`: the summed distance of each label to
    the judgments that the margins count, both shapes (..., n_labels)."""

    distance: Callable[[IntArray, IntArray, FloatArray], FloatArray]
    to_all: Callable[[FloatArray, FloatArray], FloatArray]


def scores(judgments: Judgments, label: IntArray) -> FloatArray:
    """Numbers for the labels, in [0, 1]: their own at the interval level, else their places; shape (n_labels,)."""
    numbers = judgments.values if judgments.level == "interval" else np.arange(len(judgments.values))
    return unit_scores(numbers)[label]


def _unequal(said: IntArray, replied: IntArray, score: FloatArray) -> FloatArray:
    found: FloatArray = (said != replied).astype(np.float64)
    return found


def _unequal_to_all(margins: FloatArray, score: FloatArray) -> FloatArray:
    found: FloatArray = margins.sum(axis=-1, keepdims=True) - margins
    return found


def _linear(said: IntArray, replied: IntArray, score: FloatArray) -> FloatArray:
    found: FloatArray = np.abs(score[said] - score[replied])
    return found


def _linear_to_all(margins: FloatArray, score: FloatArray) -> FloatArray:
    order = np.argsort(score, kind="stable")
    score, margins = score[order], margins[..., order]
    below, all_below = np.cumsum(margins, axis=-1), np.cumsum(margins * score, axis=-1)
    found = score * (2 * below - below[..., -1:]) + all_below[..., -1:] - 2 * all_below
    return found[..., np.argsort(order, kind="stable")]


def _quadratic(said: IntArray, replied: IntArray, score: FloatArray) -> FloatArray:
    found: FloatArray = (score[said] - score[replied]) ** 2
    return found


def _quadratic_to_all(margins: FloatArray, score: FloatArray) -> FloatArray:
    n = margins.sum(axis=-1, keepdims=True)
    first, second = (margins @ score)[..., None], (margins @ score**2)[..., None]
    found: FloatArray = n * score**2 - 2 * first * score + second
    return found


UNWEIGHTED = Weighting(_unequal, _unequal_to_all)
LINEAR = Weighting(_linear, _linear_to_all)
QUADRATIC = Weighting(_quadratic, _quadratic_to_all)
