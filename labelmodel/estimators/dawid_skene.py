"""Dawid-Skene model: each source has its own confusion of the labels (Dawid & Skene 1979).

Where most votes are of sources that use one label only, a missing vote is an answer too: see abstaining.py.
"""

from __future__ import annotations

import numpy as np

from labelmodel.estimators import abstaining, full, joint
from labelmodel.estimators.fits import Fit, finish, known_prior
from labelmodel.estimators.limits import refuse_beyond_limit
from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.steps import TINY, class_prior, climb, log_density, vote_shares
from labelmodel.estimators.votes import Evidence, FloatArray, Gold, Votes, arrange

Theta = tuple[
    FloatArray, FloatArray
]  # confusion (n_sources + 1, n_columns true, n_columns given), prior (n_columns,)


def fit(
    votes: Votes,
    *,
    prior: FloatArray | None = None,
    gold: Gold | None = None,
    seed: int = 0,
    iterations: int = 100,
    tolerance: float = 1e-7,
    smoothing: float = 0.1,
    abstention: bool | None = None,
) -> Fit:
    """Fit by EM from vote shares; smoothing counts that many votes in advance for each pair of labels.

    gold is a pair of aligned arrays (item, label). A prior that is given stays as it is. Nothing is random.
    abstention says whether a missing vote is an answer; left out, it is where most votes are of one-label sources.
    ValueError when n_sources * labels that occur ** 2 is beyond MOST_PARAMETERS; one_coin and mace have no such limit.
    """
    evidence = arrange(votes, gold)
    refuse_beyond_limit("Dawid-Skene's confusion", votes.n_sources + 1, *[len(evidence.labels)] * 2)
    fixed = known_prior(prior, evidence)
    if abstaining.mostly_one_label(evidence) if abstention is None else abstention:
        arrays, shares, trace, converged = abstaining.fit_chances(evidence, fixed, iterations, tolerance)
        return finish("dawid_skene", evidence, arrays, shares, prior, trace, converged, judge)

    def step(theta: Theta) -> tuple[Theta, float]:
        counts, rows, likelihood = full.e_step(evidence, theta[0][:-1], theta[1])
        return m_step(counts, rows, fixed, smoothing), likelihood + log_prior(evidence, theta, smoothing)

    posterior = vote_shares(evidence)
    start = m_step(full.expected_votes(evidence, posterior), posterior.sum(axis=0), fixed, smoothing)
    (confusion, shares), trace, converged = climb(step, start, iterations, tolerance)
    return finish(
        "dawid_skene", evidence, {"confusion": confusion}, shares, prior, trace, converged, full.judge
    )


def judge(parameters: Parameters, evidence: Evidence) -> FloatArray:
    """Posterior of rows and columns, (n_rows, n_columns)."""
    if "chance" in parameters.arrays:
        return joint.judge(parameters, evidence)
    return full.judge(parameters, evidence)


def m_step(counts: FloatArray, rows: FloatArray, fixed: FloatArray | None, smoothing: float) -> Theta:
    """Shares of the expected votes, the pool's last; sources without votes have the pool's."""
    everyone = np.concatenate([counts, counts.sum(axis=0, keepdims=True)]) + smoothing
    confusion = everyone / everyone.sum(axis=-1, keepdims=True)
    confusion[:-1][counts.sum(axis=(1, 2)) == 0] = confusion[-1]
    return confusion, class_prior(rows) if fixed is None else fixed


def log_prior(evidence: Evidence, theta: Theta, smoothing: float) -> float:
    """Log density of the parameters, up to a constant: Dirichlet(1 + smoothing) for each source and true label."""
    own = theta[0][:-1][evidence.votes_by_source > 0]
    return smoothing * float(np.log(np.maximum(own, TINY)).sum()) + log_density(theta[1])
