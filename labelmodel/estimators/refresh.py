"""The consensus of items from their votes and an earlier fit's sources, without fitting again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from labelmodel.estimators import full, glad, honest, majority, partial_pooling
from labelmodel.estimators.fits import Fit, Judge, over_all_labels
from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.votes import FloatArray, Gold, IntArray, Votes, arrange

JUDGES: dict[str, Judge] = {
    "majority": majority.judge,
    "one_coin": honest.judge,
    "dawid_skene": full.judge,
    "glad": glad.judge,
    "mace": honest.judge,
    "partial_pooling": partial_pooling.judge,
}
BY_SOURCE = ("confusion", "honesty", "guess", "ability")
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
    return over_all_labels(evidence, parameters.prior, JUDGES[parameters.method](here, evidence))


def of_sources(parameters: Parameters, sources: IntArray) -> Parameters:
    """The parameters of these sources only, in this order, then the pool's."""
    rows = np.append(parameters.rows(sources), parameters.n_sources)
    arrays = {
        name: value[np.minimum(rows, len(value) - 1)] if name in BY_SOURCE else value
        for name, value in parameters.arrays.items()
    }
    return replace(parameters, n_sources=len(sources), arrays=arrays)


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


WIDENED = {"guess": wider_guess, "confusion": wider_confusion}
