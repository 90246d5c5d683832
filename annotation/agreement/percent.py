"""Percent agreement: how often two judgments of an item are the same, averaged over items."""

from __future__ import annotations

from annotation.agreement.bootstrap import Plan
from annotation.agreement.judgments import Judgments
from annotation.agreement.ratio import one_minus
from annotation.agreement.shares import item_sums
from annotation.agreement.tally import FloatArray, Tally


def percent(judgments: Judgments, tally: Tally) -> Plan:
    """The mean over items of the share of their pairs that agree."""

    def formula(items: FloatArray) -> FloatArray:
        several, disagreement, _ = items.T
        return one_minus(disagreement, several)

    return Plan(tally, (item_sums(tally),), formula)
