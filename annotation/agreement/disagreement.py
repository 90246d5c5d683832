"""How much the judgments of one item differ: sums of a distance over its ordered pairs, shape (n_patterns,)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from annotation.agreement.tally import FloatArray, IntArray, Tally, row_sums

# Pairs enumerated at once.
MOST_PAIRS = 4_000_000


class Unlike(NamedTuple):
    """Each two different labels of each pattern once, shape (n,): columns `first` < `second`."""

    row: IntArray
    first: IntArray
    second: IntArray
    times: FloatArray
    """Pairs of judgments, unordered."""


def unequal(tally: Tally) -> FloatArray:
    """1 for each pair of different values."""
    found: FloatArray = tally.given**2 - row_sums(tally.counts, tally.counts.data**2)
    return found


def squared(tally: Tally, score: FloatArray) -> FloatArray:
    """(a - b)² of the labels' scores, shape (n_labels,)."""
    found, count = score[tally.counts.indices], tally.counts.data
    mean = row_sums(tally.counts, count * found) / tally.given
    around: FloatArray = row_sums(tally.counts, count * (found - mean[tally.row]) ** 2)
    return 2 * tally.given * around


def absolute(tally: Tally, score: FloatArray) -> FloatArray:
    """|a - b| of the labels' scores, shape (n_labels,)."""
    counts = tally.counts[:, np.argsort(score, kind="stable")]
    counts.sort_indices()
    found, count = np.sort(score)[counts.indices], counts.data
    # In increasing order, a score is added once for each judgment below it and taken off once for each above.
    before = np.cumsum(count) - count
    before -= before[counts.indptr[:-1]][tally.row]
    after = tally.given[tally.row] - before - count
    sums: FloatArray = row_sums(counts, count * found * (before - after))
    return np.maximum(2 * sums, 0.0)


def unlike(tally: Tally, patterns: slice = slice(None)) -> Unlike:
    """Enumerate pairs of different labels, at a cost of memory for each."""
    starts, ends = tally.counts.indptr[:-1][patterns], tally.counts.indptr[1:][patterns]
    entry = np.arange(starts[0], ends[-1]) if len(starts) else np.arange(0)
    partners = tally.counts.indptr[1:][tally.row[entry]] - entry - 1
    left = np.repeat(entry, partners)
    right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(partners) - partners, partners)
    column, count = tally.counts.indices, tally.counts.data
    return Unlike(
        tally.row[left],
        column[left].astype(np.int64),
        column[right].astype(np.int64),
        count[left] * count[right],
    )


def unlike_pieces(tally: Tally) -> list[slice]:
    """Slices of patterns of which each has, if it can be, no more than MOST_PAIRS to enumerate."""
    kinds = np.diff(tally.counts.indptr).astype(np.int64)
    piece = np.cumsum(kinds * (kinds - 1) // 2) // MOST_PAIRS
    edges = [0, *(np.flatnonzero(np.diff(piece)) + 1).tolist(), len(kinds)]
    return [slice(start, end) for start, end in pairwise(edges)]


def over_patterns(tally: Tally, pairs: Unlike, distance: FloatArray) -> FloatArray:
    """The ordered pairs' distances, given for each of `pairs`, summed for each pattern."""
    n_patterns = tally.counts.shape[0]
    sums = np.bincount(pairs.row, weights=pairs.times * distance, minlength=n_patterns)
    return sums.astype(np.float64, copy=False) * 2


def unit_scores(values: npt.ArrayLike) -> FloatArray:
    """Numbers moved to [0, 1], smallest to largest, whatever their size; zeros when all are the same."""
    found: npt.NDArray[Any] = np.asarray(values, dtype=np.float64)
    largest = np.abs(found).max(initial=0.0)
    found = found / (largest or 1.0)
    found = found - found.min(initial=0.0 if not found.size else np.inf)
    return found / (found.max(initial=0.0) or 1.0)
