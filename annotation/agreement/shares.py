"""What Fleiss' kappa and Gwet's coefficients share: an item's agreement, and the shares of the labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from annotation.agreement.bootstrap import Plan, fits
from annotation.agreement.disagreement import unequal
from annotation.agreement.ratio import one_minus, ratio
from annotation.agreement.tally import FloatArray, Tally


def item_sums(tally: Tally, pairs: FloatArray | None = None) -> FloatArray:
    """Items with two judgments or more, their disagreement, and all judged items; shape (n_patterns, 3).

    `pairs` are distances summed over an item's ordered pairs; unless told, 1 for each two different labels.
    """
    pairs = unequal(tally) if pairs is None else pairs
    several = tally.given >= 2
    disagreement = np.where(several, pairs / np.maximum(tally.given * (tally.given - 1), 1), 0.0)
    return np.column_stack([several, disagreement, np.ones(len(several))])


def corrected(tally: Tally, items: FloatArray, expected: Callable[[FloatArray], FloatArray]) -> Plan:
    """1 - disagreement / expected disagreement; `expected` makes that, shape (n,), of the squared shares' sum (n,)."""
    shares = _shares(tally)
    if not fits(tally, len(tally.label)):
        return _first_order(tally, items, shares @ (tally.times @ shares), expected)

    def formula(items: FloatArray, shares: FloatArray) -> FloatArray:
        several, disagreement, judged = items.T
        squares = np.einsum("bk,bk->b", shares, shares) / judged**2
        return one_minus(ratio(disagreement, several), expected(squares))

    return Plan(tally, (items, shares), formula)


def _first_order(
    tally: Tally, items: FloatArray, towards: FloatArray, expected: Callable[[FloatArray], FloatArray]
) -> Plan:
    """For so many labels that their shares do not fit: the squares are expanded around them, up to the order 1 / n.

    `towards` is the product of a pattern's shares and the shares' sums, shape (n_patterns,).
    """
    whole = float(tally.times @ towards)

    def formula(items: FloatArray, towards: FloatArray) -> FloatArray:
        several, disagreement, judged = items.T
        squares = (2 * towards[:, 0] - whole) / judged**2
        return one_minus(ratio(disagreement, several), expected(squares))

    return Plan(tally, (items, towards[:, None]), formula, anywhere=False)


def _shares(tally: Tally) -> Any:
    """The share of each label in each pattern, CSR (n_patterns, n_labels): an item counts once, however often judged."""
    scale = 1 / np.maximum(tally.given, 1)
    data = tally.counts.data * scale[tally.row]
    return sparse.csr_array((data, tally.counts.indices, tally.counts.indptr), shape=tally.counts.shape)
