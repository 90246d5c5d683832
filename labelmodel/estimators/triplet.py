"""Triplets: how good a source is, in closed form, from how it goes together with two others (Fu et al. 2020)."""

from __future__ import annotations

import numpy as np

from labelmodel.estimators import joint
from labelmodel.estimators.fits import Fit, closed_form, known_prior
from labelmodel.estimators.limits import refuse_beyond_limit
from labelmodel.estimators.moments import balance_of, chance_by_shares, together
from labelmodel.estimators.steps import TINY
from labelmodel.estimators.votes import Evidence, FloatArray, Gold, IntArray, Votes, arrange

# The strongest partners of an event are enough; with more the median hardly moves.
MOST_PARTNERS = 30
# Triplets that must agree before their median is believed, and the errors by which a covariance must differ from 0.
LEAST_TRIPLETS, ERRORS = 3, 2.0


def fit(votes: Votes, *, prior: FloatArray | None = None, gold: Gold | None = None, seed: int = 0) -> Fit:
    """Solve for the sources from covariances of their votes, label by label against the rest.

    gold is a pair of aligned arrays (item, label). The prior is the one given, else gold's and the vote shares'.
    Nothing is random. ValueError when the votes that occur (source and label) squared are beyond MOST_PARAMETERS.
    """
    evidence = arrange(votes, gold)
    events = int((joint.rates(evidence) > 0).sum())
    refuse_beyond_limit("Covariances", events, events)
    fixed = known_prior(prior, evidence)
    balance = balance_of(evidence) if fixed is None else fixed
    chance = by_triplets(evidence, balance)
    chance = joint.with_pool(
        joint.bounded(joint.taught_by_gold(chance, evidence), joint.rates(evidence)), evidence
    )
    return closed_form("triplet", evidence, {"chance": chance}, balance, prior, joint.judge)


def by_triplets(evidence: Evidence, balance: FloatArray) -> FloatArray:
    """Chance of each vote under each truth, (n_sources, true, given); by vote shares where no triplet can tell."""
    columns = len(evidence.labels)
    rate, chance = joint.rates(evidence), chance_by_shares(evidence, balance)
    own = np.tile(balance, evidence.n_sources)
    spread = lifts(evidence, rate.ravel()) / np.sqrt(np.maximum(own * (1.0 - own), TINY))
    told = np.isfinite(spread).reshape(rate.shape)
    lift = np.where(told, spread.reshape(rate.shape), 0.0)
    found = np.repeat((rate - balance * lift)[:, None, :], columns, axis=1)
    diagonal = np.arange(columns)
    found[:, diagonal, diagonal] = rate + (1.0 - balance) * lift
    return np.where(told[:, None, :], np.clip(found, 0.0, 1.0), chance)


def lifts(evidence: Evidence, rate: FloatArray) -> FloatArray:
    """Deviation of each event's chance that the truth explains, (n_events,); nan where no triplets can tell.

    cov(a, b) cov(a, c) / cov(b, c) is its square for any two partners b and c, whatever they vote for.
    """
    active = np.flatnonzero(rate > 0)
    covariance, error = covariances(evidence, rate, active)
    strength = np.where(np.abs(covariance) > ERRORS * error, np.abs(covariance) / error, 0.0)
    found = np.full(len(rate), np.nan)
    for event in np.flatnonzero((strength > 0).sum(axis=1) > 1):
        partners = np.argsort(-strength[event], kind="stable")[:MOST_PARTNERS]
        partners = partners[strength[event, partners] > 0]
        first, second = (partners[some] for some in np.triu_indices(len(partners), 1))
        sure = strength[first, second] > 0
        first, second = first[sure], second[sure]
        squares = covariance[event, first] * covariance[event, second] / covariance[first, second]
        if (squares > 0).sum() >= LEAST_TRIPLETS:
            found[active[event]] = np.sqrt(np.median(squares[squares > 0]))
    return found


def covariances(evidence: Evidence, rate: FloatArray, active: IntArray) -> tuple[FloatArray, FloatArray]:
    """Covariance of every two active events of different sources, 0 for one's own, and its error if there were none."""
    items, source, here = max(evidence.n_items, 1), active // max(len(evidence.labels), 1), rate[active]
    covariance = together(evidence)[active][:, active].toarray() / items - np.outer(here, here)
    covariance[source[:, None] == source] = 0.0
    deviation = np.sqrt(here * (1.0 - here))
    # One item more or less is never a sign.
    return covariance, np.outer(deviation, deviation) / np.sqrt(items) + 1.0 / items
