"""Fleiss' kappa (Fleiss 1971), for items with any numbers of judgments as Gwet (2014, chapter 2) writes it."""

from __future__ import annotations

from annotation.agreement.bootstrap import Plan
from annotation.agreement.judgments import Judgments
from annotation.agreement.shares import corrected, item_sums
from annotation.agreement.tally import Tally


def fleiss(judgments: Judgments, tally: Tally) -> Plan:
    """(p_a - p_e) / (1 - p_e) with p_e the sum of the squared mean shares of the labels."""
    return corrected(tally, item_sums(tally), lambda squares: 1 - squares)
