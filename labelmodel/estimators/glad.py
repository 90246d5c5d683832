"""GLAD: each source has an ability, each item an ease; a vote is right with chance sigmoid(ability * ease).

Whitehill et al. 2009. Here ease is averaged over instead of fitted per item, so that the objective is a likelihood
of the sources alone, and new items can be judged without a fit.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit, logsumexp

from labelmodel.estimators.fits import Fit, finish, known_prior
from labelmodel.estimators.honest import one_coin_arrays
from labelmodel.estimators.limits import refuse_beyond_limit
from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.steps import TINY, climb, fix_known, vote_shares
from labelmodel.estimators.votes import Evidence, FloatArray, Gold, Votes, arrange, bincount

Counts = tuple[FloatArray, FloatArray]  # expected right and wrong votes, each (n_sources + 1, n_nodes)

# The ease of items: its logarithm is normal around 0 with deviation 0.5; nodes of Gauss-Hermite quadrature.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
EASE, SHARE = np.exp(0.5 * _NODES), _WEIGHTS / _WEIGHTS.sum()
# Abilities are normal with this mean and variance 1.
MEAN_ABILITY = 1.0
NEWTON_STEPS = 5


def fit(
    votes: Votes,
    *,
    prior: FloatArray | None = None,
    gold: Gold | None = None,
    seed: int = 0,
    iterations: int = 200,
    tolerance: float = 1e-7,
) -> Fit:
    """Fit by EM from vote shares.

    gold is a pair of aligned arrays (item, label). The prior is the one given, or even, as in the paper: fitting it
    lets one label absorb what is hard. Nothing is random.
    """
    evidence = arrange(votes, gold)
    refuse_beyond_limit("GLAD's posterior", len(EASE), *evidence.shape)
    given = known_prior(prior, evidence)
    labels = np.full(len(evidence.labels), 1.0 / max(len(evidence.labels), 1)) if given is None else given

    def step(ability: FloatArray) -> tuple[FloatArray, float]:
        joint, likelihood = e_step(evidence, ability, labels)
        return m_step(evidence, joint, ability), likelihood + log_prior(evidence, ability)

    start = m_step(evidence, SHARE[:, None, None] * vote_shares(evidence), MEAN_ABILITY)
    ability, trace, converged = climb(step, start, iterations, tolerance)
    ability[:-1][evidence.votes_by_source == 0] = ability[-1]
    arrays = one_coin_arrays(expit(np.outer(ability, EASE)) @ SHARE, len(evidence.labels))
    return finish("glad", evidence, {**arrays, "ability": ability}, labels, prior, trace, converged, judge)


def judge(parameters: Parameters, evidence: Evidence) -> FloatArray:
    """Posterior of rows and columns, (n_rows, n_columns)."""
    joint, _ = e_step(evidence, parameters.arrays["ability"], parameters.prior[evidence.labels])
    return np.asarray(joint.sum(axis=0))


def e_step(evidence: Evidence, ability: FloatArray, prior: FloatArray) -> tuple[FloatArray, float]:
    """Posterior of ease and label together, (n_nodes, n_rows, n_columns), and the log-likelihood."""
    others = np.log(max(len(evidence.labels) - 1, 1))
    mine = ability[evidence.source]
    support = evidence.scatter(mine)
    joint = np.empty((len(EASE), *evidence.shape))
    for node, ease in enumerate(EASE):
        wrong = bincount(evidence.row, log_expit(-ease * mine) - others, len(evidence.items))
        # log sigmoid(x) - log sigmoid(-x) is x
        joint[node] = ease * support + others * evidence.counts + wrong[:, None]
        fix_known(joint[node], evidence)
    joint += np.log(SHARE)[:, None, None] + np.log(np.maximum(prior, TINY))
    total = logsumexp(joint, axis=(0, 2)) if joint.size else np.zeros(len(evidence.items))
    return np.exp(joint - total[:, None]), float(total.sum())


def m_step(evidence: Evidence, joint: FloatArray, ability: FloatArray | float) -> FloatArray:
    """Abilities that fit the expected votes better than those before, the pool's last."""
    right = np.stack([evidence.by_source(node[evidence.row, evidence.column]) for node in joint], axis=1)
    votes = np.stack([evidence.by_source(node.sum(axis=1)[evidence.row]) for node in joint], axis=1)
    counts = with_pool(right), with_pool(votes - right)
    before = np.broadcast_to(ability, evidence.n_sources + 1)
    for _ in range(NEWTON_STEPS):
        before = better_ability(before, counts)
    return before


def with_pool(counts: FloatArray) -> FloatArray:
    return np.concatenate([counts, counts.sum(axis=0, keepdims=True)])


def better_ability(ability: FloatArray, counts: Counts) -> FloatArray:
    """One step of Newton's method, or a shorter one that is sure to climb (Böhning & Lindsay 1988)."""
    right, wrong = counts
    chance = expit(np.outer(ability, EASE))
    slope = (right * (1.0 - chance) - wrong * chance) @ EASE - (ability - MEAN_ABILITY)
    bend = ((right + wrong) * chance * (1.0 - chance)) @ EASE**2 + 1.0
    most_bend = (right + wrong) @ EASE**2 / 4.0 + 1.0
    far, sure = ability + slope / bend, ability + slope / most_bend
    return np.asarray(np.where(gain(far, counts) >= gain(sure, counts), far, sure))


def gain(ability: FloatArray, counts: Counts) -> FloatArray:
    """Expected log chance of each source's votes and of its ability, up to a constant, (n_sources + 1,)."""
    right, wrong = counts
    reach = np.outer(ability, EASE)
    votes = (right * log_expit(reach) + wrong * log_expit(-reach)).sum(axis=1)
    return np.asarray(votes - (ability - MEAN_ABILITY) ** 2 / 2.0)


def log_prior(evidence: Evidence, ability: FloatArray) -> float:
    """Log density of the abilities, up to a constant."""
    own = ability[:-1][evidence.votes_by_source > 0]
    return -float(np.sum((own - MEAN_ABILITY) ** 2)) / 2.0
