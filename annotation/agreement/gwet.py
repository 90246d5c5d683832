"""Gwet's AC1 and AC2 (Gwet 2008; 2014, chapters 4 and 5): chance agreement counts only where labels are doubtful.

Chance is T / (q (q - 1)) · (1 - Σ π²) for q values that can be chosen, of mean shares π, and T the sum of the q² weights
(q for AC1). It stays near 0 where almost everybody says the same, and there kappa and alpha collapse.
"""

from __future__ import annotations

import numpy as np

from annotation.agreement.bootstrap import Plan
from annotation.agreement.disagreement import absolute, squared, unequal, unit_scores
from annotation.agreement.judgments import Judgments
from annotation.agreement.shares import corrected, item_sums
from annotation.agreement.tally import FloatArray, Tally


def ac1(judgments: Judgments, tally: Tally) -> Plan:
    """Different labels do not agree at all."""
    return _gwet(tally, unequal(tally), len(judgments.values), float(len(judgments.values)))


def ac2(judgments: Judgments, tally: Tally) -> Plan:
    """Values in part agree: Gwet's ordinal weights for labels in an order, quadratic weights for numbers."""
    q = len(judgments.values)
    if judgments.level == "ordinal":
        place = tally.label.astype(np.float64)
        # 1 - C(d + 1, 2) / C(q, 2) for labels d places apart.
        pairs = (squared(tally, place) + absolute(tally, place)) / max(q * (q - 1), 1)
        return _gwet(tally, pairs, q, q**2 - (q + 1) * (q + 2) / 6)
    score = unit_scores(judgments.values)
    total = q**2 - 2 * (q * float(score @ score) - float(score.sum()) ** 2)
    return _gwet(tally, squared(tally, score[tally.label]), q, total)


def _gwet(tally: Tally, pairs: FloatArray, q: int, total: float) -> Plan:
    scale = total / (q * (q - 1)) if q > 1 else np.nan

    def expected(squares: FloatArray) -> FloatArray:
        return 1 - scale * (1 - squares)

    return corrected(tally, item_sums(tally, pairs), expected)
