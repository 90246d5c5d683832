"""Dawid-Skene where no vote is an answer too: for sources that use one label, what they say is when they speak.

A confusion of the votes alone says nothing about such a source: it is certain to give its one label, whatever the
truth. So each source has a chance of each label and of none, and is held to speaking better than by chance.
"""

from __future__ import annotations

import numpy as np

from labelmodel.estimators import joint
from labelmodel.estimators.full import as_confusion
from labelmodel.estimators.steps import (
    TINY,
    class_prior,
    climb,
    fix_known,
    log_density,
    normalize,
    vote_shares,
)
from labelmodel.estimators.votes import Evidence, FloatArray

Theta = tuple[
    FloatArray, FloatArray
]  # chance (n_sources, n_columns true, n_columns given), prior (n_columns,)

# Share of all votes by sources that use one label, from which missing votes count; and the votes that such a source has.
MOSTLY, LEAST_VOTES = 0.5, 20
# Share of its votes by which a source knows the truth before the data tell, and the share of all items that this counts for.
HONEST, HELD = 0.5, 0.2


def mostly_one_label(evidence: Evidence) -> bool:
    """Whether most votes are of sources that use one label only, and not for want of votes."""
    rate = joint.rates(evidence)
    one_label = ((rate > 0).sum(axis=1) == 1) & (evidence.votes_by_source >= LEAST_VOTES)
    return bool(
        len(evidence.labels) > 1
        and evidence.votes_by_source[one_label].sum() > MOSTLY * max(len(evidence.row), 1)
    )


def fit_chances(
    evidence: Evidence, fixed: FloatArray | None, iterations: int, tolerance: float
) -> tuple[dict[str, FloatArray], FloatArray, FloatArray, bool]:
    """Arrays of the joint form by EM, the prior's shares, the trace, and whether it converged."""
    plain = vote_shares(evidence).sum(axis=0)
    balance = class_prior(plain, 1.0) if fixed is None else fixed
    ahead = expected(joint.rates(evidence), balance) * HELD * evidence.n_items
    quiet_ahead = HELD * evidence.n_items - ahead.sum(axis=-1)

    def step(theta: Theta) -> tuple[Theta, float]:
        counts, rows, likelihood = e_step(evidence, *theta)
        density = float(np.sum(ahead * np.log(np.maximum(theta[0], TINY)))) + float(
            np.sum(quiet_ahead * quiet_of(theta[0]))
        )
        chance = (counts + ahead) / (rows + HELD * evidence.n_items)[:, None]
        shares = class_prior(rows, HELD * plain + 1.0) if fixed is None else fixed
        return (chance, shares), likelihood + density + log_density(theta[1], HELD * plain + 1.0)

    start = ahead / max(HELD * evidence.n_items, TINY)
    (chance, shares), trace, converged = climb(step, (start, balance), iterations, tolerance)
    return arrays_of(chance, evidence), shares, trace, converged


def expected(rate: FloatArray, balance: FloatArray) -> FloatArray:
    """Chances of sources that know the truth in HONEST of their votes, and else guess, (n_sources, true, given)."""
    columns = len(balance)
    honest = HONEST * np.eye(columns) / np.maximum(balance, TINY) + (1.0 - HONEST)
    # Nobody can know more of a label than there is of it.
    chance = np.minimum(rate[:, None, :] * honest, 0.9)
    return np.asarray(chance / np.maximum(chance.sum(axis=-1, keepdims=True) / 0.99, 1.0))


def quiet_of(chance: FloatArray) -> FloatArray:
    """Log chance of no vote, (n_sources, n_columns true)."""
    return np.asarray(np.log(np.maximum(1.0 - chance.sum(axis=-1), TINY)))


def e_step(evidence: Evidence, chance: FloatArray, prior: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Expected votes (n_sources, true, given), expected items per column, and the log-likelihood."""
    quiet = quiet_of(chance)
    arrays = {"chance": np.concatenate([chance, chance[:1]]), "quiet": np.concatenate([quiet, quiet[:1]])}
    table = joint.table_of_votes(arrays)
    base = np.log(np.maximum(prior, TINY)) + quiet.sum(axis=0)
    votes, rows, likelihood = np.zeros_like(table), np.zeros(len(prior)), 0.0
    for where, block in evidence.blocks:
        chances = block @ table + base
        fix_known(chances, evidence, where.start)
        likelihood += float(normalize(chances).sum())
        votes += block.T @ chances
        rows += chances.sum(axis=0)
    without = base[None].copy()
    others = evidence.n_items - len(evidence.items)
    likelihood += others * float(normalize(without)[0])
    return as_confusion(votes, chance.shape), rows + others * without[0], likelihood


def arrays_of(chance: FloatArray, evidence: Evidence) -> dict[str, FloatArray]:
    """Arrays of the joint form; the pool, and sources without votes, say nothing by abstaining."""
    quiet = np.where(evidence.votes_by_source[:, None] > 0, quiet_of(chance), 0.0)
    pooled = np.concatenate([quiet, np.zeros((1, quiet.shape[1]))])
    return {"chance": joint.with_pool(chance, evidence), "quiet": pooled, "silence": quiet.sum(axis=0)}
