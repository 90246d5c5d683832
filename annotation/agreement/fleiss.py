"""Fleiss' kappa (Fleiss 1971), for items with any numbers of judgments as Gwet (2014, chapter 2) writes it."""

from __future__ import annotations

import numpy as np

from annotation.agreement.bootstrap import Plan, fits
from annotation.agreement.judgments import Judgments
from annotation.agreement.ratio import one_minus, ratio
from annotation.agreement.shares import item_sums, label_shares
from annotation.agreement.tally import FloatArray, Tally


def fleiss(judgments: Judgments, tally: Tally) -> Plan:
    """(p_a - p_e) / (1 - p_e) with p_e the sum of the squared mean shares of the labels."""
    sums, shares = item_sums(tally), label_shares(tally)
    if not fits(tally, len(tally.label)):
        return _first_order(tally, sums, shares @ (tally.times @ shares))

    def formula(items: FloatArray, shares: FloatArray) -> FloatArray:
        several, disagreement, judged = items.T
        chance = np.einsum("bk,bk->b", shares, shares) / judged**2
        return one_minus(ratio(disagreement, several), 1 - chance)

    return Plan(tally, (sums, shares), formula)


def _first_order(tally: Tally, sums: FloatArray, towards: FloatArray) -> Plan:
    """For so many labels that their shares do not fit: chance is expanded around the shares, up to the order 1 / n.

    `towards` is the product of a pattern's shares and the shares' sums, shape (n_patterns,).
    """
    whole = float(tally.times @ towards)

    def formula(items: FloatArray, towards: FloatArray) -> FloatArray:
        several, disagreement, judged = items.T
        chance = (2 * towards[:, 0] - whole) / judged**2
        return one_minus(ratio(disagreement, several), 1 - chance)

    return Plan(tally, (sums, towards[:, None]), formula)
