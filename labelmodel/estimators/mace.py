"""MACE: a vote either knows the truth or follows its source's own habit of guessing (Hovy et al. 2013)."""

from __future__ import annotations

import numpy as np

from labelmodel.estimators import honest
from labelmodel.estimators.fits import Fit, finish, known_prior
from labelmodel.estimators.limits import refuse_beyond_limit
from labelmodel.estimators.steps import TINY, class_prior, climb, log_density, vote_shares
from labelmodel.estimators.votes import Evidence, FloatArray, Gold, Votes, arrange, bincount

# honesty (n_sources + 1,), guess (n_sources + 1, n_columns), prior (n_columns,)
Theta = tuple[FloatArray, FloatArray, FloatArray]


def fit(
    votes: Votes,
    *,
    prior: FloatArray | None = None,
    gold: Gold | None = None,
    seed: int = 0,
    iterations: int = 200,
    tolerance: float = 1e-7,
    smoothing: float = 0.5,
) -> Fit:
    """Fit by EM from vote shares; smoothing counts that many knowing votes, guesses, and guesses of each label ahead.

    gold is a pair of aligned arrays (item, label). A prior that is given stays as it is. Nothing is random: one
    start from vote shares takes the place of the paper's many random ones.
    """
    evidence = arrange(votes, gold)
    refuse_beyond_limit("MACE's guesses", votes.n_sources + 1, len(evidence.labels))
    fixed = known_prior(prior, evidence)

    def step(theta: Theta) -> tuple[Theta, float]:
        posterior, likelihood = honest.e_step(evidence, {"honesty": theta[0], "guess": theta[1]}, theta[2])
        knowing = knowing_votes(evidence, theta, posterior)
        following = m_step(evidence, knowing, posterior.sum(axis=0), fixed, smoothing)
        return following, likelihood + log_prior(evidence, theta, smoothing)

    shares = vote_shares(evidence)
    knowing = 0.5 * shares[evidence.row, evidence.column]
    start = m_step(evidence, knowing, shares.sum(axis=0), fixed, smoothing)
    (honesty, guess, prevalence), trace, converged = climb(step, start, iterations, tolerance)
    arrays = {"honesty": honesty, "guess": guess}
    return finish("mace", evidence, arrays, prevalence, prior, trace, converged, honest.judge)


def knowing_votes(evidence: Evidence, theta: Theta, posterior: FloatArray) -> FloatArray:
    """Chance that each vote knew the truth, (n_votes,): it was right, and not by a guess."""
    known = theta[0][evidence.source]
    guessed = (1.0 - known) * theta[1][evidence.source, evidence.column]
    return np.asarray(posterior[evidence.row, evidence.column] * known / np.maximum(known + guessed, TINY))


def m_step(
    evidence: Evidence, knowing: FloatArray, rows: FloatArray, fixed: FloatArray | None, smoothing: float
) -> Theta:
    honesty = honest.accuracy_with_pool(
        evidence.by_source(knowing), evidence.votes_by_source, (smoothing, smoothing)
    )
    shape = evidence.n_sources, len(evidence.labels)
    cells = evidence.source * shape[1] + evidence.column
    guesses = bincount(cells, 1.0 - knowing, shape[0] * shape[1]).reshape(shape)
    everyone = np.concatenate([guesses, guesses.sum(axis=0, keepdims=True)]) + smoothing
    everyone[:-1][evidence.votes_by_source == 0] = everyone[-1]
    guess = everyone / everyone.sum(axis=-1, keepdims=True)
    return honesty, guess, class_prior(rows) if fixed is None else fixed


def log_prior(evidence: Evidence, theta: Theta, smoothing: float) -> float:
    """Log density of the parameters, up to a constant: Beta and Dirichlet distributions by what is counted ahead."""
    seen = evidence.votes_by_source > 0
    honesty, guess = theta[0][:-1][seen], np.maximum(theta[1][:-1][seen], TINY)
    densities = np.log(honesty).sum() + np.log1p(-honesty).sum() + np.log(guess).sum()
    return smoothing * float(densities) + log_density(theta[2])
