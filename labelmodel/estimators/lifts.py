"""How frequent each label is, from how much more often its functions meet than by chance.

Two sources that vote for a label of share π meet on P(one) P(other) p² / π of the items, plus little, if a share p of their
votes is right: the rarer the label, the more often they meet. What makes all sources meet, such as long texts, cancels out.
"""

from __future__ import annotations

import numpy as np

from labelmodel.estimators.companions import shared
from labelmodel.estimators.steps import TINY
from labelmodel.estimators.votes import Evidence, FloatArray

# Overlap (shared votes by all of either) from which two sources meet because they look for the same.
SIMILAR = 0.6
# Meetings, expected as well as seen, by which a lift leans to 1.
LEAN = 5.0
# How far lifts are believed: labels whose items are alike have more meetings than their share explains.
BELIEVED = 0.75


def balance_by_lifts(evidence: Evidence, weight: FloatArray) -> FloatArray:
    """Share of each column, (n_columns,); even where no two sources vote for the same."""
    lifts = np.array([lift(evidence, weight, column) for column in range(len(evidence.labels))])
    shares = lifts**-BELIEVED
    return np.asarray(shares / max(float(shares.sum()), TINY))


def lift(evidence: Evidence, weight: FloatArray, column: int) -> float:
    """Meetings of two votes for the column, by those expected of sources that vote anywhere."""
    here = evidence.column == column
    meetings = shared(evidence.row[here], evidence.source[here], weight, evidence.n_sources)
    one = meetings.diagonal()
    pairs = meetings.tocoo()
    own = one[pairs.row] + one[pairs.col] - pairs.data
    near = (pairs.row < pairs.col) & (pairs.data >= SIMILAR * np.maximum(own, TINY))
    far = (pairs.row < pairs.col) & ~near
    chances = (one.sum() ** 2 - (one**2).sum()) / 2.0 - (one[pairs.row] * one[pairs.col])[near].sum()
    expected = max(float(chances), 0.0) / max(evidence.n_items, 1)
    return (float(pairs.data[far].sum()) + LEAN) / (expected + LEAN)
