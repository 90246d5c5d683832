"""Labeled items as a learner fits them: checked once, here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from active.learners.heads import cumulative
from active.learners.support import Support, support
from active.learners.types import KINDS, FloatArray, IntArray, Kind, Targets

# How far a row of targets may be from 1 to pass for rounding.
SLACK = 1e-3
# Rows that are looked at together.
BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Examples:
    """Aligned rows that count, with targets of the labels that occur, in the form that scores are fitted to."""

    features: FloatArray  # (n, d) float32
    # (n, c) float32: c = u labels that occur; for "ordinal" the u - 1 chances to be above each but the last.
    targets: Targets
    weights: FloatArray  # (n,) float32, above 0
    kind: Kind
    support: Support

    def __len__(self) -> int:
        return len(self.features)

    @property
    def columns(self) -> IntArray:
        """The label that each column of the targets belongs to, (c,)."""
        labels = self.support.labels
        return labels[:-1] if self.kind == "ordinal" else labels

    def shares(self) -> FloatArray:
        """Weighted mean of each column of the targets, (c,)."""
        total = np.asarray(self.targets.T @ self.weights, dtype=np.float64)
        return np.asarray(total / float(self.weights.sum(dtype=np.float64)))

    def scores_of_shares(self) -> FloatArray:
        """Scores that give every item the shares, (c,) float32: where learning starts."""
        share = np.clip(self.shares(), 1e-6, 1.0 - 1e-6)
        scores = np.log(share) if self.kind == "single" else np.log(share / (1.0 - share))
        return scores.astype(np.float32)

    def some(self, rows: Any) -> Examples:
        """These rows of it, with the same support."""
        return Examples(self.features[rows], self.targets[rows], self.weights[rows], self.kind, self.support)

    def standardised(self, mean: FloatArray, spread: FloatArray) -> Examples:
        """The same rows with features of mean 0 and spread 1."""
        features = (self.features - mean) / spread
        return Examples(features, self.targets, self.weights, self.kind, self.support)

    def weighted(self, weights: FloatArray) -> Examples:
        """The same rows, each counting as much more."""
        return Examples(self.features, self.targets, self.weights * weights, self.kind, self.support)


def examples(
    features: FloatArray, targets: Targets, kind: Kind, weights: FloatArray | None = None
) -> Examples:
    """Check and align; ValueError says what is wrong and where."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    given, soft = checked_features(features), checked_targets(targets, kind)
    count = checked_weights(weights, len(given))
    if soft.shape[0] != len(given):
        raise ValueError(f"features and targets differ in rows: {len(given)}, {soft.shape[0]}")
    if (used := count > 0.0).sum() == 0:
        raise ValueError("there is no row to learn from: label some items first")
    if not used.all():
        given, soft, count = given[used], soft[used], count[used]
    occurring = support(
        kind, np.asarray(soft.T @ count, dtype=np.float64), float(count.sum(dtype=np.float64))
    )
    return Examples(given, fitted(soft, kind, occurring.labels), count, kind, occurring)


def fitted(targets: Targets, kind: Kind, labels: IntArray) -> Targets:
    """The targets' columns of these labels: sparse where that is smaller, cumulative where labels have an order."""
    few = targets if len(labels) == targets.shape[1] else targets[:, labels]
    if issparse(few) and few.nnz > 0.2 * few.shape[0] * few.shape[1]:
        few = few.toarray()
    if kind == "set":
        return few
    # Without the labels that hardly occur, rows must add up to 1 again.
    total = np.maximum(np.asarray(few.sum(axis=1), dtype=np.float32), 1e-12)
    if issparse(few):
        few = csr_array(
            (few.data / np.repeat(total, np.diff(few.indptr)), few.indices, few.indptr), few.shape
        )
    else:
        few = few / total[:, None]
    return cumulative(few.toarray() if issparse(few) else few) if kind == "ordinal" else few


def checked_features(features: FloatArray) -> FloatArray:
    """Features as float32, (n, d); ValueError names the first row that is not finite."""
    given = np.asarray(features)
    if given.ndim != 2:
        raise ValueError(f"features must have two dimensions, not {given.ndim}")
    result = np.ascontiguousarray(given, dtype=np.float32)
    for first in range(0, len(result), BLOCK):
        refuse_not_finite("features", result[first : first + BLOCK], first)
    return result


def refuse_not_finite(name: str, block: FloatArray, first: int) -> None:
    """ValueError when a row holds NaN or infinity; the block begins with this row of the whole."""
    # The sum of a row is finite only if all of it is; a row that overflows is no use either.
    with np.errstate(over="ignore", invalid="ignore"):
        wrong = ~np.isfinite(block.sum(axis=1, dtype=np.float32))
    if wrong.any():
        raise ValueError(f"{name} hold NaN or infinity in row {first + int(wrong.argmax())}")


def checked_targets(targets: Targets, kind: Kind) -> Targets:
    """Targets as float32, dense or CSR with sorted unique entries."""
    if issparse(targets):
        soft = csr_array(targets, dtype=np.float32)
        soft.sum_duplicates()
        entries = soft.data
    else:
        soft = np.ascontiguousarray(targets, dtype=np.float32)
        entries = soft
    if soft.ndim != 2 or soft.shape[1] < 1:
        raise ValueError(f"targets must be (n, k) with at least one label, not {soft.shape}")
    if not np.isfinite(entries).all():
        raise ValueError("targets hold NaN or infinity")
    if entries.size and (entries.min() < 0.0 or entries.max() > 1.0 + SLACK):
        raise ValueError(f"targets must be in [0, 1], found {entries.min():g} to {entries.max():g}")
    if kind != "set" and soft.shape[0]:
        total = np.asarray(soft.sum(axis=1))
        if (wrong := np.abs(total - 1.0) > SLACK).any():
            row = int(wrong.argmax())
            raise ValueError(f"targets must add up to 1 in each row, row {row} adds up to {total[row]:g}")
    return soft


def checked_weights(weights: FloatArray | None, rows: int) -> FloatArray:
    if weights is None:
        return np.ones(rows, dtype=np.float32)
    count = np.asarray(weights, dtype=np.float32)
    if count.shape != (rows,):
        raise ValueError(f"weights must be {rows} numbers, not {count.shape}")
    if not np.isfinite(count).all() or (count < 0.0).any():
        raise ValueError("weights must be finite and at least 0")
    return count
