"""Counts of values per item, items with equal counts taken together: all that most coefficients need to know."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tally:
    """A pattern is how often each occurring value was given to an item; many items share one."""

    counts: Any
    """CSR, shape (n_patterns, n_labels), column indices sorted."""
    times: IntArray
    """How many items have the pattern, shape (n_patterns,)."""
    item: IntArray
    """The judged items, shape (n_judged,)."""
    pattern: IntArray
    """The pattern of each judged item, shape (n_judged,)."""
    label: IntArray
    """Each column's index among all values, increasing, shape (n_labels,)."""

    @cached_property
    def given(self) -> FloatArray:
        """Judgments per item, shape (n_patterns,)."""
        found: FloatArray = row_sums(self.counts, self.counts.data)
        return found

    @cached_property
    def row(self) -> IntArray:
        """The pattern of each stored count, shape (nnz,)."""
        return np.repeat(np.arange(self.counts.shape[0]), np.diff(self.counts.indptr))

    @cached_property
    def margin(self) -> FloatArray:
        """How often each value was given in all, shape (n_labels,)."""
        return np.asarray(self.times @ self.counts, dtype=np.float64)

    @property
    def n_items(self) -> int:
        return len(self.item)

    @property
    def n_judgments(self) -> int:
        return int(self.times @ self.given)

    @cached_property
    def pairable(self) -> Tally:
        """Only the items with two judgments or more; labels that are left without a judgment go."""
        keep = self.given >= 2
        if keep.all():
            return self
        counts = self.counts[keep]
        used = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]))
        items = keep[self.pattern]
        return replace(
            self,
            counts=counts[:, used],
            times=self.times[keep],
            item=self.item[items],
            pattern=(np.cumsum(keep) - 1)[self.pattern[items]],
            label=self.label[used],
        )

    def one_by_one(self) -> Tally:
        """Each item with a pattern of its own."""
        return replace(
            self,
            counts=self.counts[self.pattern],
            times=np.ones(self.n_items, dtype=np.int64),
            pattern=np.arange(self.n_items),
        )

    def weighted(self, times: FloatArray) -> Tally:
        """The same where each item stands for so many, shape (n_judged,)."""
        sums = np.bincount(self.pattern, weights=times, minlength=len(self.times))
        return replace(self, times=sums.astype(np.int64))


def tally(item: IntArray, value: IntArray, n_items: int, n_values: int) -> Tally:
    """Count values per item, and items per pattern."""
    label = np.flatnonzero(np.bincount(value, minlength=n_values))
    column = np.zeros(n_values, dtype=np.int64)
    column[label] = np.arange(len(label))
    entries = (np.ones(len(item)), (item, column[value]))
    counts = sparse.coo_array(entries, shape=(n_items, len(label))).tocsr()
    judged = np.flatnonzero(np.diff(counts.indptr))
    _, first, pattern, times = np.unique(
        _fingerprints(counts), return_index=True, return_inverse=True, return_counts=True
    )
    counts = counts[judged[first]]
    counts.sort_indices()
    return Tally(counts=counts, times=times, item=judged, pattern=pattern, label=label)


def row_sums(matrix: Any, data: npt.NDArray[Any]) -> Any:
    """Sums over the stored entries of each row that has any."""
    starts = matrix.indptr[:-1][np.diff(matrix.indptr) > 0]
    return np.add.reduceat(data, starts) if len(starts) else data[:0]


def _fingerprints(counts: Any) -> npt.NDArray[np.uint64]:
    """One 64-bit sum of random numbers per judged item: equal for equal counts, and for others by an accident of 1 to 2⁶⁴."""
    random = np.random.default_rng(20).integers(0, 2**64, size=counts.shape[1], dtype=np.uint64)
    found: npt.NDArray[np.uint64] = row_sums(counts, counts.data.astype(np.uint64) * random[counts.indices])
    return found
