"""One-coin model: each source is right with its own chance, and wrong in every way alike (Ghosh et al. 2011)."""

from __future__ import annotations

import numpy as np

from labelmodel.estimators import honest
from labelmodel.estimators.fits import Fit, finish, known_prior
from labelmodel.estimators.steps import class_prior, climb, log_density, vote_shares
from labelmodel.estimators.votes import Evidence, FloatArray, Gold, Votes, arrange

Theta = tuple[FloatArray, FloatArray]  # accuracy (n_sources + 1,), prior (n_columns,)


def fit(
    votes: Votes,
    *,
    prior: FloatArray | None = None,
    gold: Gold | None = None,
    seed: int = 0,
    iterations: int = 100,
    tolerance: float = 1e-7,
    smoothing: float = 1.0,
) -> Fit:
    """Fit by EM from vote shares; smoothing counts that many right and as many wrong votes in advance.

    gold is a pair of aligned arrays (item, label). A prior that is given stays as it is. Nothing is random.
    """
    evidence = arrange(votes, gold)
    fixed = known_prior(prior, evidence)

    def step(theta: Theta) -> tuple[Theta, float]:
        arrays = honest.one_coin_arrays(theta[0], len(evidence.labels))
        posterior, likelihood = honest.honest_e_step(evidence, arrays, theta[1])
        return m_step(evidence, posterior, fixed, smoothing), likelihood + log_prior(
            evidence, theta, smoothing
        )

    start = m_step(evidence, vote_shares(evidence), fixed, smoothing)
    (accuracy, shares), trace, converged = climb(step, start, iterations, tolerance)
    arrays = honest.one_coin_arrays(accuracy, len(evidence.labels))
    return finish("one_coin", evidence, arrays, shares, prior, trace, converged, honest.judge)


def m_step(evidence: Evidence, posterior: FloatArray, fixed: FloatArray | None, smoothing: float) -> Theta:
    right = evidence.by_source(posterior[evidence.row, evidence.column])
    accuracy = honest.accuracy_with_pool(right, evidence.votes_by_source, smoothing)
    return accuracy, class_prior(posterior.sum(axis=0)) if fixed is None else fixed


def log_prior(evidence: Evidence, theta: Theta, smoothing: float) -> float:
    """Log density of the parameters, up to a constant: Beta(1 + smoothing, 1 + smoothing) for each accuracy."""
    accuracy = theta[0][:-1][evidence.votes_by_source > 0]
    return smoothing * float(np.sum(np.log(accuracy) + np.log1p(-accuracy))) + log_density(theta[1])
