"""Krippendorff's alpha: 1 - observed / expected disagreement (Krippendorff 2011, 2018).

With n judgments on items that have two or more, an item's pairs of its m judgments weigh 1 / (m - 1), and expected
disagreement is that of all n (n - 1) pairs whatever the item. Each level has its own distance.
"""

from __future__ import annotations

import numpy as np

from annotation.agreement import setdistance
from annotation.agreement.alpha_ordinal import ordinal
from annotation.agreement.bootstrap import Plan, fits
from annotation.agreement.disagreement import squared, unequal, unit_scores
from annotation.agreement.judgments import Judgments
from annotation.agreement.ratio import chance_corrected
from annotation.agreement.setdistance import SetDistance
from annotation.agreement.tally import FloatArray, Tally


def alpha(judgments: Judgments, tally: Tally) -> Plan:
    """Alpha with the distance of the judgments' level; sets are equal or not."""
    if judgments.level == "interval":
        return interval(judgments, tally)
    if judgments.level == "ordinal":
        return ordinal(tally)
    return nominal(tally)


def nominal(tally: Tally) -> Plan:
    """Distance 1 for different labels."""
    observed = _per_pair(tally, unequal(tally))
    if not fits(tally, tally.counts.shape[1]):
        return _first_order(tally, observed, tally.margin.sum() - tally.margin)

    def formula(observed: FloatArray, counts: FloatArray) -> FloatArray:
        n = counts.sum(axis=1)
        return chance_corrected(observed[:, 0], n**2 - np.einsum("bk,bk->b", counts, counts), n)

    return Plan(tally, (observed[:, None], tally.counts), formula)


def interval(judgments: Judgments, tally: Tally) -> Plan:
    """Distance (a - b)² of numbers."""
    score = unit_scores(np.asarray(judgments.values)[tally.label])
    score = score - tally.margin @ score / max(tally.margin.sum(), 1)
    sums = [
        _per_pair(tally, squared(tally, score)),
        tally.given,
        tally.counts @ score,
        tally.counts @ score**2,
    ]

    def formula(sums: FloatArray) -> FloatArray:
        observed, n, first, second = sums.T
        return chance_corrected(observed, 2 * (n * second - first**2), n)

    return Plan(tally, (np.column_stack(sums),), formula)


def jaccard(judgments: Judgments, tally: Tally) -> Plan:
    """Distance of sets: 1 - shared labels / labels in either."""
    return _sets(judgments, tally, setdistance.jaccard)


def masi(judgments: Judgments, tally: Tally) -> Plan:
    """Distance of sets: Jaccard's, less lenient where neither set contains the other."""
    return _sets(judgments, tally, setdistance.masi)


def _sets(judgments: Judgments, tally: Tally, distance: SetDistance) -> Plan:
    matrix, _ = setdistance.members([judgments.values[index] for index in tally.label])
    observed = _per_pair(tally, setdistance.within(tally, matrix, distance))
    blocks = setdistance.blocks(matrix)
    if len(blocks) > 1 or not fits(tally, len(tally.label)):
        rows = [setdistance.to_all(matrix, block, distance) @ tally.margin for block in blocks]
        return _first_order(tally, observed, np.concatenate(rows))
    distances = setdistance.to_all(matrix, blocks[0], distance)

    def formula(observed: FloatArray, counts: FloatArray) -> FloatArray:
        expected = np.einsum("bk,bk->b", counts @ distances, counts)
        return chance_corrected(observed[:, 0], expected, counts.sum(axis=1))

    return Plan(tally, (observed[:, None], tally.counts), formula)


def _first_order(tally: Tally, observed: FloatArray, to_all: FloatArray) -> Plan:
    """For so many labels that their margins do not fit: expected disagreement is expanded around the margins.

    `to_all` is each label's distance to all judgments, shape (n_labels,). What is left out is of the order 1 / n.
    """
    whole = float(tally.margin @ to_all)
    sums = np.column_stack([observed, tally.given, tally.counts @ to_all])

    def formula(sums: FloatArray) -> FloatArray:
        observed, n, moved = sums.T
        return chance_corrected(observed, 2 * moved - whole, n)

    return Plan(tally, (sums,), formula, anywhere=False)


def _per_pair(tally: Tally, pairs: FloatArray) -> FloatArray:
    return pairs / np.maximum(tally.given - 1, 1)
