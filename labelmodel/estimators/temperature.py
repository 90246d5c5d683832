"""How much of the evidence holds: one factor on all of it, by the items whose labels are known."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from labelmodel.estimators.meanings import KNOWN_AHEAD, LEAST
from labelmodel.estimators.parts import some_rows
from labelmodel.estimators.steps import TINY, normalize
from labelmodel.estimators.votes import Evidence, FloatArray, bincount
from labelmodel.estimators.weighing import Belief, weigh

# The factor's logarithm is normal around 0 with this deviation before there are known items, and within these bounds.
DEVIATION, MOST = 0.5, 1.5


def coldness(evidence: Evidence, belief: Belief, known: FloatArray) -> float:
    """Factor on the evidence under which the known labels are likeliest; 1 where there are none.

    An item is judged as if its own label had not been counted, so that what was learned from it does not flatter.
    """
    rows, truth = evidence.known
    if not len(rows) or len(evidence.labels) < 2:
        return 1.0
    kept = np.zeros(len(evidence.items), dtype=bool)
    kept[rows] = True
    said = evidence_without_own(some_rows(evidence, kept), belief, known)
    base = np.log(np.maximum(belief.balance, TINY))
    order = np.argsort(rows)

    def loss(logarithm: float) -> float:
        chances = np.exp(logarithm) * said + base
        normalize(chances)
        right = chances[np.arange(len(rows)), truth[order]]
        return float(-np.log(np.maximum(right, TINY)).sum() + (logarithm / DEVIATION) ** 2 / 2.0)

    return float(np.exp(minimize_scalar(loss, bounds=(-MOST, MOST), method="bounded").x))


def evidence_without_own(evidence: Evidence, belief: Belief, known: FloatArray) -> FloatArray:
    """Scores of the items, which all are known, less the prior, as if each one's label had not been counted."""
    columns = len(evidence.labels)
    truth = np.empty(len(evidence.items), dtype=int)
    truth[evidence.known[0]] = evidence.known[1]
    counts = known.sum(axis=-1).ravel()
    meaning = np.exp(belief.evidence.reshape(-1, columns)) * belief.balance
    result = np.empty(evidence.shape)
    arrays = {"evidence": belief.evidence, "quiet": belief.quiet}
    for part, scores, count, _ in weigh(evidence, arrays, belief.pairs, belief.quiet.sum(axis=0)):
        ahead = counts[part.event, None] + KNOWN_AHEAD
        own = np.zeros((len(part.row), columns))
        own[np.arange(len(own)), truth[part.where][part.row]] = 1.0
        before = np.maximum(meaning[part.event], LEAST)
        without = np.maximum((before * ahead - own) / (ahead - 1.0), LEAST)
        lost = count[:, None] * np.log(without / before)
        for column in range(columns):
            scores[:, column] += bincount(part.row, lost[:, column], part.shape[0])
        result[part.where] = scores
    return result
