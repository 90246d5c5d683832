"""How much less than independent votes an item's votes say together, and what is left to doubt."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from labelmodel.estimators.forms import scores, scores_of_votes
from labelmodel.estimators.steps import TINY, normalize
from labelmodel.estimators.votes import Evidence, FloatArray, IntArray

# Candidates for the dependence that the votes themselves show.
CANDIDATES = np.array([0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0])
# Dependence that votes cannot show: mistakes that all sources share.
SHARED_MISTAKES = 0.1
# Share of the posterior that follows the plain votes, whatever the model believes.
PLAIN_SHARE = 0.05
# Votes, and numbers in their scores, that are enough to choose among the candidates.
SAMPLE_VOTES, SAMPLE_CELLS = 50_000, 1_000_000


def tempered(scores: FloatArray, sizes: IntArray, dependence: float) -> FloatArray:
    """Scores of the votes divided by the design effect 1 + dependence * (votes - 1) of each row (Kish 1965)."""
    return np.asarray(scores / (1.0 + dependence * np.maximum(sizes - 1.0, 0.0))[:, None])


def estimate_dependence(evidence: Evidence, arrays: Mapping[str, FloatArray], prior: FloatArray) -> float:
    """Dependence under which an item's other votes best predict the vote left out, plus SHARED_MISTAKES."""
    votes = votes_with_company(evidence)
    rows, own = evidence.row[votes], scores_of_votes(arrays, evidence, votes)
    others, sizes = scores(arrays, evidence)[rows] - own, evidence.sizes[rows] - 1

    def log_likelihood(dependence: float) -> float:
        chances = tempered(others, sizes, dependence) + np.log(np.maximum(prior, TINY))
        normalize(chances)
        return float(np.log(np.maximum((chances * np.exp(own)).sum(axis=1), TINY)).sum())

    # Without such votes every candidate is as good, and the first one says that there is no dependence.
    return float(CANDIDATES[np.argmax([log_likelihood(each) for each in CANDIDATES])]) + SHARED_MISTAKES


def votes_with_company(evidence: Evidence) -> IntArray:
    """Positions of votes whose items have others too, or an even sample of them."""
    positions = np.flatnonzero(evidence.sizes[evidence.row] > 1)
    most = min(SAMPLE_VOTES, 1 + SAMPLE_CELLS // max(len(evidence.labels), 1))
    return positions[:: 1 + len(positions) // most]


def with_plain_shares(posterior: FloatArray, evidence: Evidence, prior: FloatArray) -> FloatArray:
    """The posterior mixed with vote shares, which the prior smooths by one vote."""
    plain = (evidence.counts + prior) / np.maximum(evidence.sizes + prior.sum(), TINY)[:, None]
    return np.asarray((1.0 - PLAIN_SHARE) * posterior + PLAIN_SHARE * plain)
