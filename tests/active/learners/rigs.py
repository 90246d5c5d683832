"""Labeled points to learn from, and predictions whose faults are known."""

from __future__ import annotations

import numpy as np

# Small and quick variants of each learner.
QUICK = {
    "logistic": {},
    "committee": {"members": 3},
    "boosting": {"rounds": 30, "depth": 3},
    "mlp": {"hidden": 16, "epochs": 60, "batch": 32, "rate": 0.02, "members": 4},
}


def blobs(n=90, n_labels=3, n_features=6, apart=2.5, seed=0):
    """Features (n, d) around a centre for each label, and the labels (n,)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_labels
    centres = np.random.default_rng(99).standard_normal((n_labels, n_features))
    return (apart * centres[labels] + rng.standard_normal((n, n_features))).astype(np.float32), labels


def targets_of(kind, labels, n_labels):
    """Targets (n, n_labels); of sets the label itself, and label 0 for the odd rows."""
    targets = np.eye(n_labels, dtype=np.float32)[labels]
    if kind == "set":
        targets[1::2, 0] = 1.0
    return targets


def claims(n=2000, n_labels=3, sharper=1.0, seed=0):
    """Probabilities (n, k), and targets drawn from what they would be if they were not this many times too sharp."""
    rng = np.random.default_rng(seed)
    scores = 1.5 * rng.standard_normal((n, n_labels))
    honest, said = (np.exp(by * scores) for by in (1.0, sharper))
    honest, said = (each / each.sum(axis=1, keepdims=True) for each in (honest, said))
    drawn = (rng.random((n, 1)) > np.cumsum(honest, axis=1)).sum(axis=1)
    return said.astype(np.float32), np.eye(n_labels, dtype=np.float32)[np.minimum(drawn, n_labels - 1)]
