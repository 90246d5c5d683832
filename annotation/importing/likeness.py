"""Texts that are nearly the same, found without comparing each with each: MinHash sketches (Broder 1997) in bands (Leskovec, Rajaraman
and Ullman 2014, chapter 3).

A text is the set of its shingles, of five letters each, in small letters and without punctuation: so no language needs to have
spaces. Two texts are as alike as their sets overlap (Jaccard). Arrays only, and so only for workers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Another one makes sketches that are not comparable with those that were kept: count it up when anything here changes.
ALGORITHM = 1
SHINGLE = 5
# 25 hashes in a square of 5 by 5; a band is a line of 5 through it, horizontal, vertical or diagonal. Any two lines share one
# hash at most, so that 15 bands find nearly what 15 times 5 hashes would. The last band is the whole text: by it the same
# words are found however many other texts are nearly the same.
SIDE = 5
HASHES, DIRECTIONS = SIDE * SIDE, 3
LINES = SIDE * DIRECTIONS
BANDS = LINES + 1
_SEED = 20_261
_MIX = np.uint64(0x9E3779B97F4A7C15)
_STEP = np.uint64(0x100000001B3)
# So many letters at once, which the processor's cache holds.
_AT_ONCE = 250_000


def _lines() -> npt.NDArray[np.intp]:
    rows, columns = np.divmod(np.arange(HASHES), SIDE)
    places = [rows, columns, (columns - rows) % SIDE]
    return np.array([np.flatnonzero(place == n) for place in places[:DIRECTIONS] for n in range(SIDE)])


_LINES = _lines()
_FACTORS = np.random.default_rng(_SEED).integers(1, 2**32, HASHES, dtype=np.uint32) | np.uint32(1)
_WEIGHTS = np.random.default_rng(_SEED).integers(1, 2**63, SIDE, dtype=np.uint64) | np.uint64(1)
_SALTS = np.random.default_rng(_SEED + 1).integers(1, 2**63, BANDS, dtype=np.uint64)


def _separating() -> Bools:
    """Which of the first 65,536 characters separate words: blanks, punctuation, symbols that are no letters."""
    kinds = (unicodedata.category(chr(code)) for code in range(0x3100))
    return np.array([kind[0] in "ZPC" or kind in {"Sm", "Sk", "Sc"} for kind in kinds])


_SEPARATING = _separating()


@dataclass(frozen=True)
class Shingles:
    """`hashes` of all texts one after the other; those of text n are `hashes[ends[n]:ends[n + 1]]`, repeated ones included."""

    hashes: U64
    ends: Ints

    def set_of(self, n: int) -> frozenset[int]:
        return frozenset(self.hashes[self.ends[n] : self.ends[n + 1]].tolist())


def shingles(texts: Sequence[str]) -> Shingles:
    """The shingles of each text; none for a text without any letter, figure or picture sign."""
    parts = [_of_some(part) for part in _parts([_folded(text) for text in texts])]
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(np.concatenate([*(counts for _, counts in parts), np.zeros(0, dtype=np.int64)]), out=ends[1:])
    return Shingles(np.concatenate([*(hashes for hashes, _ in parts), np.zeros(0, dtype=np.uint64)]), ends)


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts in parts of bearable size, one at least in each."""
    first = size = 0
    for n, text in enumerate(texts):
        if n > first and size + len(text) > _AT_ONCE:
            yield texts[first:n]
            first, size = n, 0
        size += len(text)
    if first < len(texts):
        yield texts[first:]


def _folded(text: str) -> str:
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold()


def _of_some(texts: Sequence[str]) -> tuple[U64, Ints]:
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in texts], out=ends[1:])
    codes, ends = _without_punctuation(codes, ends)
    lengths = np.diff(ends)
    counts = np.where(lengths >= SHINGLE, lengths - SHINGLE + 1, np.minimum(lengths, 1))
    before = np.cumsum(counts) - counts
    starts = np.repeat(ends[:-1] - before, counts) + np.arange(counts.sum())
    padded = np.concatenate([codes, np.zeros(SHINGLE, dtype=np.uint32)]).astype(np.uint64)
    rolled = padded[: len(padded) - SHINGLE + 1].copy()
    for step in range(1, SHINGLE):
        rolled *= _STEP
        rolled += padded[step : len(padded) - SHINGLE + 1 + step]
    hashes = rolled[starts]
    # A text that is shorter than a shingle is one by itself, without what follows it.
    for n in np.flatnonzero((lengths > 0) & (lengths < SHINGLE)):
        short = 0
        for code in padded[ends[n] : ends[n + 1]].tolist():
            short = (short * int(_STEP) + code + 1) % 2**64
        hashes[before[n]] = short
    hashes ^= hashes >> np.uint64(29)
    hashes *= _MIX
    hashes ^= hashes >> np.uint64(32)
    return hashes, counts


def _without_punctuation(codes: U32, ends: Ints) -> tuple[U32, Ints]:
    """With one blank for whatever stands between two words, and none at the beginning or the end of a text."""
    separates = _SEPARATING[np.minimum(codes, len(_SEPARATING) - 1)] & (codes < len(_SEPARATING))
    kept = ~separates
    # The first of several in a row stays, unless it begins a text.
    if len(codes):
        after_word = np.concatenate([[False], kept[:-1]])
        after_word[ends[:-1][ends[:-1] < len(codes)]] = False
        kept |= after_word
    codes = np.where(separates, np.uint32(32), codes)
    passed = np.concatenate([[0], np.cumsum(kept)])
    codes, ends = codes[kept], passed[ends]
    last = ends[1:][np.diff(ends) > 0] - 1
    if len(last) and (trailing := last[codes[last] == 32]).size:
        kept = np.ones(len(codes), dtype=np.bool_)
        kept[trailing] = False
        passed = np.concatenate([[0], np.cumsum(kept)])
        codes, ends = codes[kept], passed[ends]
    return codes, ends


def sketches(texts: Sequence[str]) -> tuple[U32, Bools]:
    """The bands of each text, (n, BANDS), and whether it has anything to be found by, (n,)."""
    found, there = [np.zeros((0, BANDS), dtype=np.uint32)], [np.zeros(0, dtype=np.bool_)]
    for part in _parts(texts):
        some = shingles(part)
        found.append(bands(_least(some), _whole(some)))
        there.append(np.diff(some.ends) > 0)
    return np.concatenate(found), np.concatenate(there)


def _least(found: Shingles) -> U64:
    """MinHash: of each text, under each of HASHES orders of all shingles, the first of its own; (n, HASHES)."""
    least = np.zeros((HASHES, len(found.ends) - 1), dtype=np.uint64)
    there = np.flatnonzero(np.diff(found.ends))
    if len(there):
        # The upper half is mixed well enough for multiplication to give another order.
        upper = (found.hashes >> np.uint64(32)).astype(np.uint32)
        for row, factor in zip(least, _FACTORS, strict=True):
            row[there] = np.minimum.reduceat(upper * factor, found.ends[there])
    return least.T


def _whole(found: Shingles) -> U64:
    """One number for all shingles of each text, (n,)."""
    whole = np.zeros(len(found.ends) - 1, dtype=np.uint64)
    there = np.flatnonzero(np.diff(found.ends))
    if len(there):
        whole[there] = np.add.reduceat(found.hashes, found.ends[there])
    return whole


def bands(values: U64, whole: U64) -> U32:
    """One number for each line of hashes (n, HASHES), and one for the whole (n,): (n, BANDS)."""
    found = np.empty((len(values), BANDS), dtype=np.uint32)
    columns = [*(values[:, line] @ _WEIGHTS for line in _LINES), whole]
    for band, (column, salt) in enumerate(zip(columns, _SALTS, strict=True)):
        mixed = column + salt
        mixed ^= mixed >> np.uint64(31)
        mixed *= _MIX
        found[:, band] = mixed >> np.uint64(32)
    return found


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """How far two sets of shingles overlap, from 0 to 1; 0 where one is empty."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0
