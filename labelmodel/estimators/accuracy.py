"""How often each source is right, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from labelmodel.estimators.fits import Fit
from labelmodel.estimators.votes import FloatArray, Votes, bincount

# Votes that the pool's accuracy counts for, for a source with none of its own.
POOL_VOTES = 2.0


@dataclass(frozen=True, eq=False)
class SourceAccuracy:
    """Share of right votes per source, each array (n_sources,)."""

    accuracy: FloatArray  # mean of the Beta distribution
    low: FloatArray
    high: FloatArray
    judgments: (
        FloatArray  # votes that can be told right or wrong: each counts by how sure its item's consensus is
    )


def source_accuracy(votes: Votes, fit: Fit, level: float = 0.95) -> SourceAccuracy:
    """Estimate each source's accuracy with an equal-tailed credible interval that shrinks with evidence.

    A vote on an item of posterior p counts p[label] as right; by how much it counts at all goes from 0 where p is
    even to 1 where one label is certain, so known (gold) items count in full. `votes` are those of the fit.
    """
    posterior = fit.posterior
    weight = certainty(posterior)[votes.item]
    right = bincount(votes.source, weight * posterior[votes.item, votes.label], votes.n_sources)
    judgments = bincount(votes.source, weight, votes.n_sources)
    pool = (right.sum() + 1.0) / (judgments.sum() + 2.0)
    a = right + POOL_VOTES * pool
    b = judgments - right + POOL_VOTES * (1.0 - pool)
    tail = (1.0 - level) / 2.0
    return SourceAccuracy(a / (a + b), beta.ppf(tail, a, b), beta.ppf(1.0 - tail, a, b), judgments)


def certainty(posterior: FloatArray) -> FloatArray:
    """How far each item's posterior is from even, in [0, 1]: 1 - entropy / log(n_labels); 1 for a single label."""
    n_labels = posterior.shape[1]
    if n_labels == 1:
        return np.ones(len(posterior))
    logs = np.log(np.where(posterior > 0, posterior, 1.0))
    return np.asarray(1.0 + np.sum(posterior * logs, axis=1) / np.log(n_labels))
