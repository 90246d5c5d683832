"""Cross-validation whose folds depend on the items alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from active.learners.types import Fit, FloatArray, IntArray, Kind, Targets

FOLDS = 5


def folds_of(keys: IntArray, strata: IntArray, n_folds: int = FOLDS) -> NDArray[np.int64]:
    """The fold of each item, (n,): each stratum spread evenly over folds, in an order mixed by key.

    The same items have the same folds in whatever order they come. Sizes differ by one at most.
    """
    order = np.lexsort((mixed(keys), strata))
    result = np.empty(len(order), dtype=np.int64)
    # One count through all strata: labels seen once go to fold after fold, not all to the first.
    result[order] = np.arange(len(order)) % n_folds
    return result


def mixed(keys: IntArray) -> NDArray[np.uint64]:
    """Keys without their order: SplitMix64 (Steele, Lea & Flood 2014)."""
    bits = np.asarray(keys).astype(np.uint64)
    with np.errstate(over="ignore"):
        bits = bits + np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ (bits >> np.uint64(31)))


def strata_of(targets: Targets, kind: Kind) -> NDArray[np.int64]:
    """The label that an item is spread by, (n,): its likeliest; of a set, the rarest that it has."""
    if kind == "set":
        dense = targets.toarray() if issparse(targets) else np.asarray(targets)
        has = dense >= 0.5
        rarity = np.where(has, -has.sum(axis=0), -len(dense) - 1)
        return np.asarray(np.where(has.any(axis=1), rarity.argmax(axis=1), -1), dtype=np.int64)
    return np.asarray(targets.argmax(axis=1), dtype=np.int64).ravel()


def out_of_fold(
    fit: Fit,
    features: FloatArray,
    targets: Targets,
    *,
    keys: IntArray | None = None,
    kind: Kind = "single",
    weights: FloatArray | None = None,
    seed: int = 0,
    n_folds: int = FOLDS,
    **options: Any,
) -> FloatArray:
    """What models that did not see an item predict for it, (n, k) float32.

    `keys` (n,) are whole numbers that stay with the items; without them rows are counted. With fewer items than folds, each is left out by itself.
    Raises ValueError when there are fewer than two items.
    """
    n_rows = len(features)
    if n_rows < 2:
        raise ValueError(f"cross-validation takes at least two items, not {n_rows}")
    given = np.arange(n_rows) if keys is None else np.asarray(keys)
    fold = folds_of(given, strata_of(targets, kind), min(n_folds, n_rows))
    result = np.empty(targets.shape, dtype=np.float32)
    for number in range(int(fold.max()) + 1):
        learn, judge = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        count = None if weights is None else np.asarray(weights)[learn]
        model = fit(features[learn], targets[learn], kind=kind, weights=count, seed=seed, **options)
        result[judge] = model.predict(features[judge])
    return result
