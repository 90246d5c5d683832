"""One-coin model: each source is right with its own chance, and wrong in every way alike (Ghosh et al. 2011)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelmodel.estimators import honest
from labelmodel.estimators.fits import Fit, finish, known_prior
from labelmodel.estimators.steps import FEW_ROWS, class_prior, climb, log_density, vote_shares
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
    belief = Belief(
        known_prior(prior, evidence), (smoothing, smoothing), np.full(len(evidence.labels), FEW_ROWS)
    )
    (accuracy, shares), trace, converged = fit_accuracy(evidence, belief, iterations, tolerance)
    arrays = honest.one_coin_arrays(accuracy, len(evidence.labels))
    return finish("one_coin", evidence, arrays, shares, prior, trace, converged, honest.judge)


@dataclass(frozen=True)
class Belief:
    """What is held before the votes are seen."""

    prior: FloatArray | None  # (n_columns,) shares that stay, or None to estimate them
    votes: tuple[float, float]  # right and wrong votes that each source counts in advance
    rows: FloatArray  # (n_columns,) rows that the class prior counts in advance


def fit_accuracy(
    evidence: Evidence, belief: Belief, iterations: int, tolerance: float
) -> tuple[Theta, FloatArray, bool]:
    """Climb from vote shares to the likeliest accuracies and prior, with the trace and whether it converged."""

    def step(theta: Theta) -> tuple[Theta, float]:
        arrays = honest.one_coin_arrays(theta[0], len(evidence.labels))
        posterior, likelihood = honest.e_step(evidence, arrays, theta[1])
        return m_step(evidence, posterior, belief), likelihood + log_prior(evidence, theta, belief)

    return climb(step, m_step(evidence, vote_shares(evidence), belief), iterations, tolerance)


def m_step(evidence: Evidence, posterior: FloatArray, belief: Belief) -> Theta:
    right = evidence.by_source(posterior[evidence.row, evidence.column])
    accuracy = honest.accuracy_with_pool(right, evidence.votes_by_source, belief.votes)
    shares = class_prior(posterior.sum(axis=0), belief.rows) if belief.prior is None else belief.prior
    return accuracy, shares


def log_prior(evidence: Evidence, theta: Theta, belief: Belief) -> float:
    """Log density of the parameters, up to a constant: Beta and Dirichlet distributions by the counts in advance."""
    accuracy = theta[0][:-1][evidence.votes_by_source > 0]
    right, wrong = belief.votes
    return float(np.sum(right * np.log(accuracy) + wrong * np.log1p(-accuracy))) + log_density(
        theta[1], belief.rows
    )
