"""Votes, and the sorted form of them that every estimator works on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from labelmodel.estimators.limits import MOST_POSTERIOR, refuse_beyond_limit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]
Gold = tuple[IntArray, IntArray]

# Rows of one block: its posterior stays in the cache between E-step and M-step.
BLOCK = 32_768


@dataclass(frozen=True, eq=False)
class Votes:
    """One label for one item by one source, per position; a source that abstains has no position.

    Raises ValueError when the arrays are not aligned, not whole numbers, or out of range.
    """

    item: IntArray
    source: IntArray
    label: IntArray
    n_items: int
    n_sources: int
    n_labels: int

    def __post_init__(self) -> None:
        for name, size in (("item", self.n_items), ("source", self.n_sources), ("label", self.n_labels)):
            object.__setattr__(self, name, whole_numbers(name, getattr(self, name), size))
        if not len(self.item) == len(self.source) == len(self.label):
            raise ValueError(
                f"item, source and label differ in length: {len(self.item)}, {len(self.source)}, {len(self.label)}"
            )
        if self.n_labels < 1:
            raise ValueError("n_labels must be at least 1")

    def __len__(self) -> int:
        return len(self.item)


def whole_numbers(name: str, values: IntArray, size: int) -> IntArray:
    """The values as a one-dimensional array of integers in [0, size); ValueError says what is wrong."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, not {array.ndim}")
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must hold integers, not {array.dtype}")
    if array.min() < 0 or array.max() >= size:
        raise ValueError(f"{name} must be in [0, {size}), found {array.min()} to {array.max()}")
    return array


@dataclass(frozen=True, eq=False)
class Evidence:
    """Votes sorted by item, source and label, stripped to the items and labels that occur in votes or gold.

    Positions below are rows of `items` and columns of `labels`, called row and column.
    """

    items: IntArray  # (n_rows,) numbers of the items, ascending
    labels: IntArray  # (n_columns,) numbers of the labels, ascending
    row: IntArray  # (n_votes,) ascending
    source: IntArray  # (n_votes,)
    column: IntArray  # (n_votes,)
    known: Gold  # rows whose label is known, and its column
    n_items: int
    n_sources: int
    n_labels: int

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.items), len(self.labels)

    @cached_property
    def sizes(self) -> IntArray:
        """Votes per row."""
        return np.bincount(self.row, minlength=len(self.items))

    @cached_property
    def votes_by_source(self) -> FloatArray:
        return np.bincount(self.source, minlength=self.n_sources).astype(float)

    @cached_property
    def counts(self) -> FloatArray:
        """Votes per row and column."""
        return self.scatter(np.ones(len(self.row)))

    def scatter(self, weights: FloatArray) -> FloatArray:
        """Sum of the votes' weights per row and column."""
        rows, columns = self.shape
        cells = self.row.astype(np.int64) * columns + self.column
        return bincount(cells, weights, rows * columns).reshape(rows, columns)

    def by_source(self, weights: FloatArray) -> FloatArray:
        """Sum of the votes' weights per source."""
        return bincount(self.source, weights, self.n_sources)

    @cached_property
    def blocks(self) -> list[tuple[slice, csr_array]]:
        """Slices of rows, each with its (rows, n_sources * n_columns) matrix of who said what."""
        columns = len(self.labels)
        pair = (self.source * columns + self.column).astype(np.int32)
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        return [
            (slice(first, first + BLOCK), self._block(pair, starts[first : first + BLOCK + 1]))
            for first in range(0, len(self.items), BLOCK)
        ]

    def _block(self, pair: IntArray, starts: IntArray) -> csr_array:
        inside = pair[starts[0] : starts[-1]]
        shape = (len(starts) - 1, self.n_sources * len(self.labels))
        return csr_array((np.ones(len(inside)), inside, (starts - starts[0]).astype(np.int32)), shape=shape)


def bincount(index: IntArray, weights: FloatArray, size: int) -> FloatArray:
    """Sum of weights per index, (size,); np.bincount forgets to be of floats when nothing is counted."""
    return np.asarray(np.bincount(index, weights, size), dtype=float)


def arrange(votes: Votes, gold: Gold | None = None, labels: IntArray | None = None) -> Evidence:
    """Sort the votes, so that their order cannot matter; labels adds columns beyond those that occur.

    gold is a pair of aligned arrays (item, label). ValueError when it is malformed or contradicts itself,
    or when the posterior would hold more than MOST_POSTERIOR numbers.
    """
    refuse_beyond_limit("The posterior", votes.n_items, votes.n_labels, most=MOST_POSTERIOR)
    gold_item, gold_label = known_labels(votes, gold)
    extra = np.empty(0, dtype=np.int64) if labels is None else labels
    used = occurring(votes.n_labels, votes.label, gold_label, extra)
    items = occurring(votes.n_items, votes.item, gold_item)
    row, source, column = sorted_votes(votes, items, used)
    known = np.searchsorted(items, gold_item), np.searchsorted(used, gold_label)
    return Evidence(items, used, row, source, column, known, votes.n_items, votes.n_sources, votes.n_labels)


def occurring(size: int, *numbers: IntArray) -> IntArray:
    seen = np.zeros(size, dtype=bool)
    for some in numbers:
        seen[some] = True
    return np.flatnonzero(seen)


def sorted_votes(votes: Votes, items: IntArray, labels: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    # Sorting one number per vote is several times as fast as np.lexsort on three.
    row, column = (np.empty(size, dtype=np.int64) for size in (votes.n_items, votes.n_labels))
    row[items], column[labels] = np.arange(len(items)), np.arange(len(labels))
    key = (row[votes.item] * votes.n_sources + votes.source) * len(labels) + column[votes.label]
    key.sort()
    pair, column_of = np.divmod(key, max(len(labels), 1))
    row_of, source_of = np.divmod(pair, max(votes.n_sources, 1))
    return row_of.astype(np.int32), source_of.astype(np.int32), column_of.astype(np.int32)


def known_labels(votes: Votes, gold: Gold | None) -> Gold:
    """The gold pairs without repetitions, sorted by item."""
    if gold is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    item = whole_numbers("gold item", gold[0], votes.n_items)
    label = whole_numbers("gold label", gold[1], votes.n_labels)
    if len(item) != len(label):
        raise ValueError(f"gold items and labels differ in length: {len(item)}, {len(label)}")
    pairs = np.unique(np.stack([item, label], axis=1).astype(np.int64), axis=0)
    repeated = pairs[1:, 0][pairs[1:, 0] == pairs[:-1, 0]]
    if len(repeated):
        raise ValueError(f"gold gives item {repeated[0]} more than one label")
    return pairs[:, 0], pairs[:, 1]
