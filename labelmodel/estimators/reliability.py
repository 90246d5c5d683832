"""How far probabilities hold: the reliability diagram's numbers, and a posterior of known items as if they were not known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labelmodel.estimators.fits import Fit
from labelmodel.estimators.refresh import update
from labelmodel.estimators.votes import FloatArray, Gold, IntArray, Votes, known_labels

# A chance of nothing would make the log loss infinite.
LEAST_CHANCE = 1e-10


@dataclass(frozen=True, eq=False)
class Reliability:
    """Items by how sure their likeliest label is; each array (n_bins,), 0 where a bin has no items."""

    edges: FloatArray  # (n_bins + 1,)
    items: IntArray
    confidence: FloatArray  # mean chance of the likeliest label
    accuracy: FloatArray  # share whose likeliest label is right
    calibration_error: float  # mean gap between the two, by items
    brier: float  # mean squared distance of the posterior from the label, in [0, 2]
    log_loss: float


def reliability(posterior: FloatArray, label: IntArray, bins: int = 10) -> Reliability:
    """Compare the posterior of items, (n_items, n_labels), with their labels, in bins of equal width."""
    edges, rows = np.linspace(0.0, 1.0, bins + 1), np.arange(len(label))
    top, chance = posterior.argmax(axis=1), posterior.max(axis=1, initial=0.0)
    where = np.minimum((chance * bins).astype(int), bins - 1)
    items = np.bincount(where, minlength=bins)
    confidence, right = (
        np.bincount(where, values, bins) / np.maximum(items, 1) for values in (chance, top == label)
    )
    total = max(len(label), 1)
    true = posterior[rows, label]
    square = (posterior**2).sum(axis=1) - 2.0 * true + 1.0
    return Reliability(
        edges,
        items,
        confidence,
        right,
        float((items * np.abs(confidence - right)).sum() / total),
        float(square.sum() / total),
        float(-np.log(np.maximum(true, LEAST_CHANCE)).sum() / total),
    )


def held_out(
    fit: Callable[..., Fit],
    votes: Votes,
    gold: Gold,
    *,
    prior: FloatArray | None = None,
    folds: int = 5,
    seed: int = 0,
) -> tuple[IntArray, FloatArray]:
    """Posterior of the known items by fits that did not know them: their numbers, and (n_known, n_labels).

    Fits `folds` times, each time without a part of the known items.
    """
    item, label = known_labels(votes, gold)
    fold = np.random.default_rng(seed).permutation(len(item)) % max(folds, 1)
    posterior = np.empty((len(item), votes.n_labels))
    for number in range(min(folds, len(item))):
        out = fold == number
        fitted = fit(votes, prior=prior, gold=(item[~out], label[~out]), seed=seed)
        posterior[out] = update(fitted, of_items(votes, item[out]))
    return item, posterior


def of_items(votes: Votes, items: IntArray) -> Votes:
    """The votes of these items, ascending, numbered afresh."""
    place = np.full(votes.n_items, -1)
    place[items] = np.arange(len(items))
    kept = place[votes.item] >= 0
    return Votes(
        place[votes.item[kept]],
        votes.source[kept],
        votes.label[kept],
        len(items),
        votes.n_sources,
        votes.n_labels,
    )
