"""Simulated labeling functions: most vote for one label only, where a word of theirs occurs."""

from __future__ import annotations

import numpy as np

from labelmodel.estimators import Votes


def functions(n_items=1500, n_labels=2, n_functions=10, coverage=0.15, accuracy=0.85, shares=None, seed=0):
    """Votes (n_items, n_functions), -1 where a function abstains, of independent one-label functions; the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(n_labels, n_items, p=shares)
    columns = []
    for number in range(n_functions):
        label = number % n_labels
        right, wrong = (truth == label).sum(), max((truth != label).sum(), 1)
        votes = coverage * n_items
        chance = np.where(truth == label, accuracy * votes / max(right, 1), (1.0 - accuracy) * votes / wrong)
        columns.append(np.where(rng.random(n_items) < chance, label, -1))
    return np.stack(columns, axis=1), truth


def votes_from(matrix, n_labels=2):
    item, source = np.nonzero(matrix >= 0)
    return Votes(item, source, matrix[item, source], *matrix.shape, n_labels)


def log_loss(posterior, truth):
    return float(-np.log(np.maximum(posterior[np.arange(len(truth)), truth], 1e-10)).mean())


def accuracy(posterior, truth):
    return float((posterior.argmax(axis=1) == truth).mean())
