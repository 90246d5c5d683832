"""Labeled items that a replay runs on: checked once, here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Examples:
    """Items to ask about and items to test on, with their right labels, numbered from 0.

    Raises ValueError when arrays are not aligned or hold NaN or infinity, when there is no item of either kind, or when
    all items have the same label.
    """

    features: Floats  # (n, d)
    labels: Ints  # (n,)
    test_features: Floats  # (t, d)
    test_labels: Ints  # (t,)

    def __post_init__(self) -> None:
        for name in ("", "test_"):
            features, labels = getattr(self, f"{name}features"), getattr(self, f"{name}labels")
            object.__setattr__(self, f"{name}features", checked_features(f"{name}features", features))
            object.__setattr__(self, f"{name}labels", checked_labels(f"{name}labels", labels, len(features)))
        if self.features.shape[1] != self.test_features.shape[1]:
            widths = f"{self.features.shape[1]} and {self.test_features.shape[1]}"
            raise ValueError(f"features and test_features differ in width: {widths}")
        if len(np.unique(self.labels)) < 2:
            raise ValueError("All items have the same label: there is nothing to learn")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_labels(self) -> int:
        return int(max(self.labels.max(), self.test_labels.max())) + 1


def checked_features(name: str, values: Any) -> Floats:
    array = np.asarray(values)
    if array.ndim != 2 or not len(array) or not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"{name} must be floats of shape (items, dimensions) with an item at least")
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise ValueError(f"{name} hold NaN or infinity in row {int(finite.argmin())}")
    return array


def checked_labels(name: str, values: Any, rows: int) -> Ints:
    array = np.asarray(values)
    if array.shape != (rows,) or not np.issubdtype(array.dtype, np.integer) or array.min() < 0:
        raise ValueError(f"{name} must be {rows} whole numbers from 0")
    return array.astype(np.int64)


def held_out(labels: Ints, share: float, seed: int) -> NDArray[np.bool_]:
    """Which items to test on, (n,): about this share of each label's, drawn at random; a label of one item has none."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        # Rounded up or down by chance, so that rare labels do not all fall to one side.
        size = min(int(share * len(rows) + rng.random()), len(rows) - 1)
        held[rng.permutation(rows)[:size]] = True
    return held
