"""Partial pooling: Dawid-Skene with each source's confusion shrunk to the pool's, calibrated for dependent votes.

The default for people; docs/methods/partial_pooling.md has the model and what was measured.
"""

from __future__ import annotations

import numpy as np

from labelmodel.estimators import full, honest
from labelmodel.estimators.dependence import estimate_dependence, tempered, with_plain_shares
from labelmodel.estimators.fits import Fit, finish, known_prior
from labelmodel.estimators.forms import scores
from labelmodel.estimators.one_coin import Belief, fit_accuracy
from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.pooling import POOL_VOTES, votes_in_advance
from labelmodel.estimators.steps import (
    TINY,
    class_prior,
    climb,
    log_density,
    normalize,
    settle_known,
    vote_shares,
)
from labelmodel.estimators.votes import Evidence, FloatArray, Gold, Votes, arrange

Theta = tuple[FloatArray, FloatArray]  # confusion (n_sources + 1, true, given), prior (n_columns,)

# Rounds that weigh the pool anew, before its weight is kept and the objective climbs; the first ones only weigh by guess.
WARM_UP, UNWEIGHED = 10, 2
# So many labels are all considered; of more, those that occur.
FEW_LABELS = 20
# Numbers in the confusion of all sources; beyond it there are too few votes per number, and accuracies are fitted alone.
MOST_CONFUSION = 5_000_000


def fit(
    votes: Votes,
    *,
    prior: FloatArray | None = None,
    gold: Gold | None = None,
    seed: int = 0,
    iterations: int = 100,
    tolerance: float = 1e-6,
) -> Fit:
    """Fit by EM from vote shares. Needs no settings, whatever the crowd.

    gold is a pair of aligned arrays (item, label). A prior that is given stays as it is. Nothing is random.
    objective is that of the climb after the warm-up. Where sources times labels that occur ** 2 exceeds
    MOST_CONFUSION, sources have an accuracy each and spread their mistakes evenly.
    """
    # A label that nobody has used yet may still be the truth, which matters as long as votes are few.
    possible = np.arange(votes.n_labels) if votes.n_labels <= FEW_LABELS else None
    evidence = arrange(votes, gold, possible)
    fixed = known_prior(prior, evidence)
    plain = vote_shares(evidence).sum(axis=0) + 1.0 / max(len(evidence.labels), 1)
    if (votes.n_sources + 1) * len(evidence.labels) ** 2 > MOST_CONFUSION:
        arrays, shares, trace, converged = accuracies(evidence, fixed, plain, iterations, tolerance)
    else:
        arrays, shares, trace, converged = confusions(evidence, fixed, plain, iterations, tolerance)
    arrays["dependence"] = np.array([estimate_dependence(evidence, arrays, shares)])
    return finish("partial_pooling", evidence, arrays, shares, prior, trace, converged, judge)


def judge(parameters: Parameters, evidence: Evidence) -> FloatArray:
    """Posterior of rows and columns, (n_rows, n_columns): tempered for dependence, mixed with plain vote shares."""
    prior = parameters.prior[evidence.labels]
    dependence = float(parameters.arrays["dependence"][0])
    chances = tempered(scores(parameters.arrays, evidence), evidence.sizes, dependence)
    chances += np.log(np.maximum(prior, TINY))
    normalize(chances)
    return settle_known(with_plain_shares(chances, evidence, prior), evidence)


def confusions(
    evidence: Evidence, fixed: FloatArray | None, plain: FloatArray, iterations: int, tolerance: float
) -> tuple[dict[str, FloatArray], FloatArray, FloatArray, bool]:
    """Confusion of every source by partial pooling; the prior's shares, the trace, and whether it converged.

    plain are the rows per column by vote shares, which the class prior counts in advance: half of it is theirs.
    """
    counts, rows = full.expected_votes(evidence, vote_shares(evidence)), plain
    for turn in range(WARM_UP):
        ahead = votes_in_advance(counts, fitted=turn >= UNWEIGHED)
        theta = m_step(counts, rows, ahead, plain, fixed)
        counts, rows, _ = full.e_step(evidence, theta[0][:-1], theta[1])

    def step(theta: Theta) -> tuple[Theta, float]:
        counts, rows, likelihood = full.e_step(evidence, theta[0][:-1], theta[1])
        objective = likelihood + log_prior(theta, ahead, plain)
        return m_step(counts, rows, ahead, plain, fixed), objective

    theta, trace, converged = climb(step, m_step(counts, rows, ahead, plain, fixed), iterations, tolerance)
    return {"confusion": theta[0]}, theta[1], trace, converged


def m_step(
    counts: FloatArray, rows: FloatArray, ahead: FloatArray, plain: FloatArray, fixed: FloatArray | None
) -> Theta:
    """Shares of expected votes and votes in advance; the pool, last, has only the latter."""
    together = ahead.copy()
    together[:-1] += counts
    shares = class_prior(rows, plain) if fixed is None else fixed
    return together / together.sum(axis=-1, keepdims=True), shares


def log_prior(theta: Theta, ahead: FloatArray, plain: FloatArray) -> float:
    """Log density of the parameters, up to a constant: Dirichlet(1 + votes or rows in advance)."""
    confusion = np.log(np.maximum(theta[0][:-1], TINY))
    return float(np.sum(ahead[:-1] * confusion)) + log_density(theta[1], plain)


def accuracies(
    evidence: Evidence, fixed: FloatArray | None, plain: FloatArray, iterations: int, tolerance: float
) -> tuple[dict[str, FloatArray], FloatArray, FloatArray, bool]:
    """The same for one accuracy per source, shrunk to the pool's."""
    belief = Belief(fixed, (1.0, 1.0), plain)
    (accuracy, _), _, _ = fit_accuracy(evidence, belief, WARM_UP, tolerance)
    belief = Belief(fixed, (POOL_VOTES * accuracy[-1], POOL_VOTES * (1.0 - accuracy[-1])), plain)
    (accuracy, shares), trace, converged = fit_accuracy(evidence, belief, iterations, tolerance)
    return honest.one_coin_arrays(accuracy, len(evidence.labels)), shares, trace, converged
