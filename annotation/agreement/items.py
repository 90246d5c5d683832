"""Agreement of each item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotation.agreement import setdistance
from annotation.agreement.disagreement import absolute, unequal, unit_scores
from annotation.agreement.judgments import IntArray, Judgments
from annotation.agreement.tally import FloatArray, Tally


@dataclass(frozen=True, eq=False)
class ItemAgreement:
    """Items with two judgments or more, increasing; aligned, shape (n,). `agreement` is in [0, 1]."""

    item: IntArray
    agreement: FloatArray
    n_judgments: IntArray


def per_item(judgments: Judgments) -> ItemAgreement:
    """The mean closeness of an item's pairs of judgments.

    A pair of labels is 1 if they are the same and 0 if not; in an order or as numbers, 1 less their distance as a part of
    the largest there can be; of sets, the labels in both as a part of the labels in either.
    """
    tally = judgments.tally.pairable
    pairs = _distances(judgments, tally) if tally.n_items else np.zeros(0)
    agreement = np.clip(1 - pairs / (tally.given * (tally.given - 1)), 0.0, 1.0)
    return ItemAgreement(tally.item, agreement[tally.pattern], tally.given.astype(np.int64)[tally.pattern])


def _distances(judgments: Judgments, tally: Tally) -> FloatArray:
    if judgments.level == "set":
        matrix, _ = setdistance.members([judgments.values[index] for index in tally.label])
        return setdistance.within(tally, matrix, setdistance.jaccard)
    if judgments.level == "nominal":
        return unequal(tally)
    numbers = judgments.values if judgments.level == "interval" else np.arange(len(judgments.values))
    return absolute(tally, unit_scores(numbers)[tally.label])
