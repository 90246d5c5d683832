"""Distances between sets of labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from annotation.agreement.disagreement import over_patterns, unlike, unlike_pieces
from annotation.agreement.tally import FloatArray, IntArray, Tally

# (size of the intersection, size of the one, size of the other) -> distance
SetDistance = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
BLOCK = 4_000_000


def jaccard(both: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """1 - |A∩B| / |A∪B|, in [0, 1]; two empty sets are equal (Jaccard 1912)."""
    union = first + second - both
    return np.where(union > 0, 1 - both / np.maximum(union, 1), 0.0)


def masi(both: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """1 - J·M, in [0, 1]; M is 1 for equal sets, 2/3 if one contains the other, 1/3 if they overlap (Passonneau 2006)."""
    union = first + second - both
    monotony = np.select([union == both, both == np.minimum(first, second), both > 0], [1, 2 / 3, 1 / 3], 0.0)
    # The empty set is contained in every set, and shares nothing with it.
    found: FloatArray = 1 - (1 - jaccard(both, first, second)) * monotony
    return found


def members(sets: Sequence[frozenset[Any]]) -> tuple[Any, list[Any]]:
    """Which labels are in which set, CSR (n_sets, n_labels), and the labels in a fixed order."""
    labels = sorted({label for found in sets for label in found}, key=lambda label: (str(type(label)), label))
    place = {label: index for index, label in enumerate(labels)}
    column = [place[label] for found in sets for label in found]
    row = np.repeat(np.arange(len(sets)), [len(found) for found in sets])
    matrix = sparse.coo_array((np.ones(len(column)), (row, column)), shape=(len(sets), len(labels)))
    return matrix.tocsr(), labels


def within(tally: Tally, matrix: Any, distance: SetDistance) -> FloatArray:
    """Distances summed over each pattern's ordered pairs, shape (n_patterns,); `matrix` has a row for each column of the tally."""
    found = np.zeros(len(tally.times))
    whole = to_all(matrix, slice(None), distance) if len(blocks(matrix)) == 1 else None
    for piece in unlike_pieces(tally):
        pairs = unlike(tally, piece)
        if whole is None:
            found += over_patterns(tally, pairs, between(matrix, pairs.first, pairs.second, distance))
        else:
            found += over_patterns(tally, pairs, whole[pairs.first, pairs.second])
    return found


def between(matrix: Any, first: IntArray, second: IntArray, distance: SetDistance) -> FloatArray:
    """Distances of the sets in rows `first` and `second`, aligned."""
    size = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    both = np.asarray(matrix[first].multiply(matrix[second]).sum(axis=1), dtype=np.float64).reshape(
        len(first)
    )
    return distance(both, size[first], size[second])


def blocks(matrix: Any) -> list[slice]:
    """Slices of rows whose distances to all rows are to be held at once."""
    n_sets = matrix.shape[0]
    step = max(1, BLOCK // max(n_sets, 1))
    return [slice(start, start + step) for start in range(0, max(n_sets, 1), step)]


def to_all(matrix: Any, rows: slice, distance: SetDistance) -> FloatArray:
    """Distances of the sets in `rows` to all, shape (n_rows, n_sets)."""
    size = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    both = (matrix[rows] @ matrix.T).toarray()
    return distance(both, size[rows, None], size[None, :])
