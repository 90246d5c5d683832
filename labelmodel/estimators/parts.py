"""Votes of many items in parts that fit into the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from labelmodel.estimators.votes import BoolArray, Evidence, FloatArray, IntArray

# Rows of a part, and cells (row, source, column) of one that is worth a dense array.
ROWS, CELLS = 32_768, 4_000_000
# Votes per row from which a dense array is faster than a sparse one.
MANY_VOTES = 20


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows' votes, rows counted from the first of them."""

    where: slice  # of the rows
    votes: slice  # of the votes
    row: IntArray
    source: IntArray
    column: IntArray
    shape: tuple[int, int, int]  # rows, sources, columns

    @property
    def event(self) -> IntArray:
        """A source's vote for a column, as one number."""
        return self.source * self.shape[2] + self.column

    @property
    def first(self) -> BoolArray:
        """Whether a vote is the first of its source for the item."""
        again = (self.row[1:] == self.row[:-1]) & (self.source[1:] == self.source[:-1])
        return np.concatenate([np.ones(min(len(self.row), 1), dtype=bool), ~again])

    def matrix(self, values: FloatArray) -> csr_array:
        """One value per vote as (n_rows, n_events)."""
        rows, sources, columns = self.shape
        starts = np.searchsorted(self.row, np.arange(rows + 1))
        return csr_array((values, self.event, starts), shape=(rows, sources * columns))

    def company(self, pairs: csr_array) -> FloatArray:
        """What a row's other votes for the same column add up to by pairs (n_sources, n_sources), per vote."""
        rows, sources, columns = self.shape
        if not pairs.nnz or not len(self.row):
            return np.zeros(len(self.row))
        if len(self.row) < MANY_VOTES * rows:
            return self._company_of_few(pairs)
        said = np.zeros((rows, columns, sources), dtype=np.float32)
        said[self.row, self.column, self.source] = 1.0
        around = said.reshape(-1, sources) @ pairs.toarray().astype(np.float32)
        return np.asarray(around.reshape(said.shape)[self.row, self.column, self.source], dtype=float)

    def _company_of_few(self, pairs: csr_array) -> FloatArray:
        rows, sources, columns = self.shape
        cells = self.row.astype(np.int64) * columns + self.column
        ones = np.ones(len(cells))
        said = csr_array((ones, (cells, self.source)), shape=(rows * columns, sources))
        # Beside the votes themselves, so that each has its place in the sum even where nobody is near it.
        around = csr_array(said + (said @ pairs).multiply(said))
        around.sort_indices()
        place = np.lexsort((self.source, cells))
        found = np.empty(len(cells))
        found[place] = around.data - 1.0
        return found


def parts(evidence: Evidence) -> Iterator[Part]:
    columns = len(evidence.labels)
    size = int(np.clip(CELLS // max(evidence.n_sources * columns, 1), 256, ROWS))
    starts = np.concatenate([[0], np.cumsum(evidence.sizes)])
    for first in range(0, len(evidence.items), size):
        where = slice(first, min(first + size, len(evidence.items)))
        votes = slice(int(starts[where.start]), int(starts[where.stop]))
        yield Part(
            where,
            votes,
            evidence.row[votes] - first,
            evidence.source[votes],
            evidence.column[votes],
            (where.stop - first, evidence.n_sources, columns),
        )


def once(evidence: Evidence) -> Evidence:
    """The same evidence, where what a source repeats on an item counts once."""
    if not len(evidence.row):
        return evidence
    again = (
        (evidence.row[1:] == evidence.row[:-1])
        & (evidence.source[1:] == evidence.source[:-1])
        & (evidence.column[1:] == evidence.column[:-1])
    )
    return some_votes(evidence, np.concatenate([[True], ~again])) if again.any() else evidence


def some_votes(evidence: Evidence, kept: BoolArray) -> Evidence:
    return replace(
        evidence, row=evidence.row[kept], source=evidence.source[kept], column=evidence.column[kept]
    )


def some_rows(evidence: Evidence, kept: BoolArray) -> Evidence:
    """The evidence of these rows only, known labels included; its items are its rows."""
    number = np.cumsum(kept) - 1
    votes = kept[evidence.row]
    rows, columns = evidence.known
    known = kept[rows]
    fewer = some_votes(evidence, votes)
    return replace(
        fewer,
        items=evidence.items[kept],
        row=number[fewer.row].astype(np.int32),
        known=(number[rows[known]], columns[known]),
    )
