"""How frequent each label is, from how much more often its functions meet than by chance.

Two sources that vote for a label of share π meet on P(one) P(other) p² / π of the items, plus little, if a share p of their
votes is right: the rarer the label, the more often they meet. What makes all sources meet, such as long texts, cancels out.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from labelmodel.estimators.companions import shared
from labelmodel.estimators.steps import TINY
from labelmodel.estimators.votes import Evidence, FloatArray

# Overlap (shared votes by all of either) from which two sources meet because they look for the same.
SIMILAR = 0.6
# Meetings, expected as well as seen, by which a lift leans to that of the other labels.
LEAN = 10.0


def balance_by_lifts(evidence: Evidence, weight: FloatArray, copies: csr_array) -> FloatArray:
    """Share of each column, (n_columns,); even where no two sources vote for the same.

    weight are the items that each row stands for. copies, (n_sources, n_sources), says how far each two sources are
    copies of each other, which count once.
    """
    alone = 1.0 / (1.0 + np.asarray(copies.sum(axis=1)).ravel())
    columns = range(len(evidence.labels))
    seen, expected = np.array([meetings(evidence, weight, alone, column) for column in columns]).T
    # A label of which hardly anything can be said is taken to be like the others.
    sure = expected / (expected + LEAN) + TINY
    usual = np.exp((sure * np.log((seen + LEAN) / (expected + LEAN))).sum() / sure.sum())
    shares = (expected + LEAN) / (seen + LEAN * usual)
    return np.asarray(shares / shares.sum())


def meetings(evidence: Evidence, weight: FloatArray, alone: FloatArray, column: int) -> tuple[float, float]:
    """Meetings of two votes for the column, and those expected of sources that vote anywhere."""
    here = evidence.column == column
    together = shared(evidence.row[here], evidence.source[here], weight, evidence.n_sources)
    one, pairs = together.diagonal(), together.tocoo()
    either = one[pairs.row] + one[pairs.col] - pairs.data
    near = (pairs.row < pairs.col) & (pairs.data >= SIMILAR * np.maximum(either, TINY))
    far = (pairs.row < pairs.col) & ~near
    said = one * alone
    chances = (said.sum() ** 2 - (said**2).sum()) / 2.0 - (said[pairs.row] * said[pairs.col])[near].sum()
    seen = (pairs.data * alone[pairs.row] * alone[pairs.col])[far].sum()
    return float(seen), max(float(chances), 0.0) / max(evidence.n_items, 1)
