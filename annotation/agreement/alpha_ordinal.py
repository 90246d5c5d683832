"""Krippendorff's alpha for labels in an order.

The distance of two labels is the number of judgments between them, half of their own included, squared; in other words
the squared difference of their mid-ranks among all judgments. So it moves with the margins, and resamples recompute it.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from annotation.agreement.bootstrap import Plan, fits
from annotation.agreement.disagreement import squared, unlike, unlike_pieces
from annotation.agreement.ratio import chance_corrected, one_minus
from annotation.agreement.tally import FloatArray, Tally, row_sums


def ordinal(tally: Tally) -> Plan:
    """Distance: the squared difference of mid-ranks."""
    if len(unlike_pieces(tally)) > 1:
        return _first_order(tally)
    pairs, n_labels = unlike(tally), len(tally.label)
    kinds, kind = np.unique(pairs.first * n_labels + pairs.second, return_inverse=True)
    if not fits(tally, len(kinds) + n_labels):
        return _first_order(tally)
    weight = 2 * pairs.times / (tally.given[pairs.row] - 1)
    shape = (len(tally.times), len(kinds))
    coincidences = sparse.coo_array((weight, (pairs.row, kind)), shape=shape).tocsr()
    first, second = np.divmod(kinds, max(n_labels, 1))

    def formula(coincidences: FloatArray, counts: FloatArray) -> FloatArray:
        rank = mid_ranks(counts)
        observed = np.einsum("bp,bp->b", coincidences, (rank[:, first] - rank[:, second]) ** 2)
        n, expected = counts.sum(axis=1), _expected(counts, rank)
        return chance_corrected(observed, expected, n)

    return Plan(tally, (coincidences, tally.counts), formula)


def mid_ranks(counts: FloatArray) -> FloatArray:
    """Judgments below each label and half of those on it, as a share of all; both shapes (n, n_labels)."""
    below: FloatArray = np.cumsum(counts, axis=1) - counts / 2
    below /= np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return below


def _expected(counts: FloatArray, rank: FloatArray) -> FloatArray:
    first, second = np.einsum("bk,bk->b", counts, rank), np.einsum("bk,bk->b", counts, rank**2)
    found: FloatArray = 2 * (counts.sum(axis=1) * second - first**2)
    return found


def _first_order(tally: Tally) -> Plan:
    """For too many pairs of labels: both sums are expanded to first order around the margins, ranks included."""
    margin, n = tally.margin, float(tally.margin.sum())
    rank = np.cumsum(margin) - margin / 2
    mean, count = rank @ margin / n, tally.counts.data
    rank = rank - mean
    per = tally.times / (tally.given - 1)
    own = squared(tally, rank) / (tally.given - 1)
    sums = row_sums(tally.counts, count * rank[tally.counts.indices])
    # How much observed and expected disagreement grow with the rank of each label, then with one more of each label.
    of_rank = 4 * (rank * ((per * tally.given) @ tally.counts) - (per * sums) @ tally.counts)
    observed = own + tally.counts @ _moved(of_rank)
    spread = float(rank**2 @ margin)
    expected = tally.counts @ (2 * (spread + n * rank**2) + _moved(4 * n * rank * margin))
    whole_observed, whole_expected = float(own @ tally.times), 2 * n * spread
    columns = np.column_stack([observed, expected, tally.given])

    def formula(columns: FloatArray) -> FloatArray:
        observed, expected, n = columns.T
        return one_minus((n - 1) * (observed - 2 * whole_observed), expected - 3 * whole_expected)

    return Plan(tally, (columns,), formula, anywhere=False)


def _moved(gradient: FloatArray) -> FloatArray:
    """What one more judgment of a label does through the ranks: all of it to those above, half to its own."""
    return np.cumsum(gradient[::-1])[::-1] - gradient / 2
