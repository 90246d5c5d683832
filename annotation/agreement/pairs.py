"""Two sources at a time: what each said about the items that both judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from annotation.agreement.judgments import Judgments
from annotation.agreement.tally import FloatArray, IntArray

# Pairs of judgments held at once.
PIECE = 4_000_000


@dataclass(frozen=True, eq=False)
class Meetings:
    """Each two judgments of one item once; aligned, shape (n,). Of the two sources, `first` < `second`."""

    item: IntArray
    first: IntArray
    second: IntArray
    said: IntArray
    """What the first source said, an index into the values that occur."""
    replied: IntArray
    """What the second said."""


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables of all pairs of sources that share an item, as their cells that are not empty.

    `first` and `second` name each pair's sources, shape (n_pairs,), in lexical order; `pair`, `said`, `replied` and
    `times` are aligned, shape (n_cells,), ordered by pair. `label` is each occurring value's index among all.
    """

    first: IntArray
    second: IntArray
    pair: IntArray
    said: IntArray
    replied: IntArray
    times: FloatArray
    label: IntArray

    n_sources: int

    @property
    def n_pairs(self) -> int:
        return len(self.first)

    def pair_of(self, first: IntArray, second: IntArray) -> IntArray:
        """The index of each pair of sources."""
        return np.searchsorted(self.first * self.n_sources + self.second, first * self.n_sources + second)

    def cell_of(self, met: Meetings) -> IntArray:
        """The index of the cell that each meeting is counted in."""
        k = max(len(self.label), 1)
        codes = (self.pair * k + self.said) * k + self.replied
        return np.searchsorted(codes, (self.pair_of(met.first, met.second) * k + met.said) * k + met.replied)


def meetings(judgments: Judgments) -> Iterator[Meetings]:
    """Enumerate the pairs of judgments, in pieces that end with an item."""
    order = np.lexsort((judgments.source, judgments.item))
    item, source = judgments.item[order], judgments.source[order]
    value = _column(judgments)[judgments.value[order]]
    size = np.bincount(item, minlength=judgments.n_items)
    end = np.cumsum(size)
    piece = np.cumsum(size * (size - 1) // 2) // PIECE
    for edge in np.unique(piece):
        inside = np.flatnonzero(piece == edge)
        start, stop = end[inside[0]] - size[inside[0]], end[inside[-1]]
        place = np.arange(start, stop)
        others = end[item[start:stop]] - place - 1
        left = np.repeat(place, others)
        right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(others) - others, others)
        yield Meetings(item[left], source[left], source[right], value[left], value[right])


def tables(judgments: Judgments) -> Tables:
    """Count what pairs of sources said on the items that they share."""
    label = judgments.tally.label
    n, k = judgments.n_sources, max(len(label), 1)
    codes, times = np.zeros(0, dtype=np.int64), np.zeros(0)
    for met in meetings(judgments):
        code, count = np.unique(
            ((met.first * n + met.second) * k + met.said) * k + met.replied, return_counts=True
        )
        codes, place = np.unique(np.concatenate([codes, code]), return_inverse=True)
        times = np.bincount(place, weights=np.concatenate([times, count]), minlength=len(codes)).astype(
            np.float64
        )
    sources, cell = np.divmod(codes, k * k)
    pairs, pair = np.unique(sources, return_inverse=True)
    first, second = np.divmod(pairs, max(n, 1))
    said, replied = np.divmod(cell, k)
    return Tables(first, second, pair, said, replied, times, label, n)


def _column(judgments: Judgments) -> IntArray:
    """Each value's place among those that occur."""
    column = np.zeros(len(judgments.values), dtype=np.int64)
    column[judgments.tally.label] = np.arange(len(judgments.tally.label))
    return column
