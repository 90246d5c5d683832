"""Embeddings with a structure that one can tell from looking."""

from __future__ import annotations

import numpy as np


def blobs(*sizes, d=4, apart=10.0, spread=0.1, seed=0):
    """Balls of so many rows, in order, each around its own corner; and which ball each row is of."""
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(len(sizes)), sizes)
    corners = apart * rng.permutation(np.eye(max(d, len(sizes))))[: len(sizes)]
    rows = corners[kind] + spread * rng.standard_normal((len(kind), corners.shape[1]))
    return rows.astype(np.float32), kind


def squared(rows, others):
    """Squared distances as they are defined, (rows, others)."""
    return np.square(rows[:, None, :].astype(np.float64) - others[None, :, :]).sum(axis=2)
