"""What a prediction costs, row by row, against soft targets."""

from __future__ import annotations

import numpy as np
from scipy.sparse import issparse

from active.learners.types import FloatArray, Kind, Targets

# The least chance that a prediction is taken to give.
LEAST = 1e-7


def log_losses(kind: Kind, probabilities: FloatArray, targets: Targets) -> FloatArray:
    """Log loss of each row, (n,), in nats; of sets the mean over labels."""
    logs = np.log(np.clip(probabilities, LEAST, 1.0))
    if kind != "set":
        return -row_sums(targets, logs)
    against = np.log(np.clip(1.0 - probabilities, LEAST, 1.0))
    total = row_sums(targets, logs - against) + against.sum(axis=1)
    return np.asarray(-total / probabilities.shape[1], dtype=np.float64)


def brier(kind: Kind, probabilities: FloatArray, targets: Targets) -> FloatArray:
    """Squared error summed over labels, (n,) (Brier 1950); of sets the mean over labels."""
    dense = targets.toarray() if issparse(targets) else np.asarray(targets)
    squares = np.square(probabilities - dense).sum(axis=1, dtype=np.float64)
    return np.asarray(squares / probabilities.shape[1] if kind == "set" else squares)


def right(kind: Kind, probabilities: FloatArray, targets: Targets) -> FloatArray:
    """1 where the likeliest label is right (of sets: where all labels are), else 0, (n,)."""
    if kind == "set":
        dense = targets.toarray() if issparse(targets) else np.asarray(targets)
        return np.asarray(((probabilities >= 0.5) == (dense >= 0.5)).all(axis=1), dtype=np.float64)
    truth = np.asarray(targets.argmax(axis=1)).ravel()
    return np.asarray(probabilities.argmax(axis=1) == truth, dtype=np.float64)


def row_sums(targets: Targets, values: FloatArray) -> FloatArray:
    """Sum of target times value in each row, (n,)."""
    if issparse(targets):
        return np.asarray(targets.multiply(values).sum(axis=1), dtype=np.float64).ravel()
    return np.asarray(np.einsum("ij,ij->i", np.asarray(targets, dtype=np.float64), values))
