"""Which sketches share a band: sorted arrays, some 130 bytes for each sketch."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

# Of those that share a band the first so many are candidates: a band that hundreds share says little.
MOST_IN_BAND = 8
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


@dataclass(frozen=True)
class Candidates:
    """Pairs of a row and an earlier one, which share so many bands, the last of which counts as all of them: by row, the
    most shared first, then the earliest."""

    rows: Ints
    others: Ints
    shared: Ints


@dataclass(frozen=True)
class Segment:
    """`keys` (bands, n): band and place in `ids` in one number, ascending."""

    keys: U64
    ids: Ints


def segment(found: U32, ids: Ints) -> Segment:
    places = np.arange(len(ids), dtype=np.uint64)
    keys = (found.T.astype(np.uint64) << _HALF) | places
    keys.sort(axis=1)
    return Segment(keys, ids)


@dataclass
class Bands:
    """What has been seen so far, by id."""

    segments: list[Segment] = field(default_factory=list)

    def add(self, found: U32, ids: Ints) -> None:
        """Keep sketches, (n, bands), under their ids, which are above all those that are kept."""
        if not len(ids):
            return
        self.segments.append(segment(found, ids))
        # Each one is twice as large as the next at least: they stay few, and each row is moved a few times only.
        while len(self.segments) > 1 and len(self.segments[-2].ids) < 2 * len(self.segments[-1].ids):
            self._merge()

    def candidates(self, found: U32) -> Candidates:
        """Who shares bands with these, by id."""
        pairs = [_pairs(one, found) for one in self.segments]
        none = np.zeros((3, 0), dtype=np.int64)
        return _counted(np.concatenate([none, *pairs], axis=1))

    def everything(self) -> tuple[Ints, U32]:
        """All ids, ascending, and their bands, (n, bands)."""
        while len(self.segments) > 1:
            self._merge()
        if not self.segments:
            return np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.uint32)
        (one,) = self.segments
        found = np.empty((len(one.ids), len(one.keys)), dtype=np.uint32)
        for band, keys in enumerate(one.keys):
            found[(keys & _LOW).astype(np.int64), band] = keys >> _HALF
        return one.ids, found

    def _merge(self) -> None:
        """Put the last two segments together."""
        second, first = self.segments.pop(), self.segments.pop()
        keys = np.concatenate([first.keys, second.keys + np.uint64(len(first.ids))], axis=1)
        # Stable is the kind that makes use of what is sorted already.
        keys.sort(axis=1, kind="stable")
        self.segments.append(Segment(keys, np.concatenate([first.ids, second.ids])))


def within(found: U32) -> Candidates:
    """Who of these shares bands with an earlier one of them, by place."""
    pairs = _pairs(segment(found, np.arange(len(found), dtype=np.int64)), found)
    return _counted(pairs[:, pairs[1] < pairs[0]])


def _pairs(one: Segment, found: U32) -> Ints:
    """Row, id and weight, (3, pairs), for each band that they share."""
    parts = [np.zeros((3, 0), dtype=np.int64)]
    last = found.shape[1] - 1
    for band in range(found.shape[1]):
        keys = one.keys[band]
        order = np.argsort(found[:, band])
        wanted = found[order, band].astype(np.uint64)
        # In ascending order: neighbours look at the same part of memory.
        places = np.searchsorted(keys, wanted << _HALF)
        left = order
        for _ in range(MOST_IN_BAND):
            there = places < len(keys)
            there[there] = keys[places[there]] >> _HALF == wanted[there]
            if not there.any():
                break
            places, wanted, left = places[there], wanted[there], left[there]
            ids = one.ids[(keys[places] & _LOW).astype(np.int64)]
            parts.append(np.stack([left, ids, np.full(len(ids), last if band == last else 1)]))
            places = places + 1
    return np.concatenate(parts, axis=1)


def _counted(pairs: Ints) -> Candidates:
    rows, others, weights = pairs[:, np.lexsort((pairs[1], pairs[0]))]
    if not len(rows):
        return Candidates(rows, others, weights)
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = (rows[1:] != rows[:-1]) | (others[1:] != others[:-1])
    starts = np.flatnonzero(new)
    shared = np.add.reduceat(weights, starts)
    rows, others = rows[starts], others[starts]
    order = np.lexsort((others, -shared, rows))
    return Candidates(rows[order], others[order], shared[order])
