"""The consensus of items from their votes and an earlier fit's sources, without fitting again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelmodel.estimators import (
    dawid_skene,
    discounted_evidence,
    glad,
    honest,
    joint,
    majority,
    partial_pooling,
    weighted_vote,
)
from labelmodel.estimators.fits import Fit, Judge, over_all_labels
from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.votes import FloatArray, Gold, IntArray, Votes, arrange

JUDGES: dict[str, Judge] = {
    "majority": majority.judge,
    "one_coin": honest.judge,
    "weighted_vote": weighted_vote.judge,
    "dawid_skene": dawid_skene.judge,
    "glad": glad.judge,
    "mace": honest.judge,
    "partial_pooling": partial_pooling.judge,
    "matrix_completion": joint.judge,
    "triplet": joint.judge,
    "discounted_evidence": discounted_evidence.judge,
}
BY_SOURCE = ("confusion", "honesty", "guess", "ability", "weight", "chance", "quiet", "evidence")
# Chance of labels that the fit never met, as truth and as mistake.
UNMET = 1e-3


def update(fitted: Fit | Parameters, votes: Votes, *, gold: Gold | None = None) -> FloatArray:
    """Posterior of these votes' items, (n_items, n_labels): the fit's own last E-step, on these votes.

    Sources keep the numbers they had in the fit; those beyond or without votes in it count as the pool. Items are
    numbered afresh, so pass only the touched ones, each with all of its votes. Costs what these votes cost.
    """
    parameters = fitted.parameters if isinstance(fitted, Fit) else fitted
    if votes.n_labels != parameters.n_labels:
        raise ValueError(f"the fit has {parameters.n_labels} labels, these votes {votes.n_labels}")
    sources, source = np.unique(votes.source, return_inverse=True)
    mine = Votes(votes.item, source, votes.label, votes.n_items, len(sources), votes.n_labels)
    evidence = arrange(mine, gold, parameters.labels)
    here = of_sources(with_labels(parameters, evidence.labels), sources)
    return over_all_labels(evidence, parameters.without_votes, JUDGES[parameters.method](here, evidence))


def of_sources(parameters: Parameters, sources: IntArray) -> Parameters:
    """The parameters of these sources only, in this order, then the pool's."""
    rows = np.append(parameters.rows(sources), parameters.n_sources)
    arrays = {
        name: value[np.minimum(rows, len(value) - 1)] if name in BY_SOURCE else value
        for name, value in parameters.arrays.items()
    }
    if "pair" in arrays:
        arrays |= pairs_of_sources(parameters.arrays, sources)
    return replace(parameters, n_sources=len(sources), arrays=arrays)


def pairs_of_sources(arrays: Mapping[str, FloatArray], sources: IntArray) -> dict[str, Any]:
    """Pairs of which both are among these sources, which are ascending, by their places there."""
    pair = arrays["pair"]
    kept = np.isin(pair, sources).all(axis=1)
    return {"pair": np.searchsorted(sources, pair[kept]), "dependence": arrays["dependence"][kept]}


def with_labels(parameters: Parameters, labels: IntArray) -> Parameters:
    """The parameters over these labels, which include the fit's; what the fit never met is rare."""
    if len(labels) == len(parameters.labels):
        return parameters
    unmet = ~np.isin(labels, parameters.labels)
    prior = parameters.prior.copy()
    prior[labels[unmet]] = np.maximum(prior[labels[unmet]], UNMET)
    arrays = {
        name: WIDENED[name](value, unmet) if name in WIDENED else value
        for name, value in parameters.arrays.items()
    }
    return replace(parameters, labels=labels, prior=prior, arrays=arrays)


def wider_guess(guess: FloatArray, unmet: NDArray[np.bool_]) -> FloatArray:
    wider = np.full((len(guess), len(unmet)), UNMET / unmet.sum())
    wider[:, ~unmet] = (1.0 - UNMET) * guess if guess.shape[-1] else 0.0
    return wider


def wider_confusion(confusion: FloatArray, unmet: NDArray[np.bool_]) -> FloatArray:
    met = np.flatnonzero(~unmet)
    wider = np.full((len(confusion), len(unmet), len(unmet)), UNMET / unmet.sum())
    wider[:, met[:, None], met] = (1.0 - UNMET) * confusion
    right = np.trace(confusion, axis1=1, axis2=2) / max(len(met), 1)
    coin = right[:, None, None] * np.eye(len(unmet)) + (1.0 - right[:, None, None]) / len(unmet)
    wider[:, unmet] = coin[:, unmet]
    return wider


def wider_chance(chance: FloatArray, unmet: NDArray[np.bool_]) -> FloatArray:
    """As a confusion, times how often the source votes at all."""
    speaks = chance.sum(axis=-1, keepdims=True)
    usual = np.repeat(speaks.mean(axis=1, keepdims=True), len(unmet), axis=1) if chance.shape[-1] else 1.0
    wider = wider_confusion(chance / np.where(speaks > 0, speaks, 1.0), unmet)
    return np.asarray(wider * usual)


def wider_mean(values: FloatArray, unmet: NDArray[np.bool_]) -> FloatArray:
    """The mean of what was met, where something was not."""
    met = values.mean(axis=-1, keepdims=True) if values.shape[-1] else 0.0
    wider = np.zeros((*values.shape[:-1], len(unmet))) + met
    wider[..., ~unmet] = values
    return wider


def wider_evidence(evidence: FloatArray, unmet: NDArray[np.bool_]) -> FloatArray:
    """A vote for what was not met is as good as the usual vote, and so is one against it."""
    met = np.flatnonzero(~unmet)
    right = np.diagonal(evidence, axis1=1, axis2=2).mean(axis=1) if len(met) else np.ones(len(evidence))
    wrong = evidence.min(axis=(1, 2)) if len(met) else np.zeros(len(evidence))
    wider = np.repeat(np.repeat(wrong[:, None, None], len(unmet), axis=1), len(unmet), axis=2)
    wider[:, met[:, None], met] = evidence
    wider[:, unmet, unmet] = np.maximum(right, -np.log(UNMET) + wrong)[:, None]
    return wider


WIDENED = {
    "guess": wider_guess,
    "confusion": wider_confusion,
    "chance": wider_chance,
    "evidence": wider_evidence,
    "quiet": wider_mean,
    "silence": wider_mean,
}
