"""Words and n-grams of many texts as numbers, by array operations on their characters alone.

A prefix sum of c[i] · p^i modulo 2^64 gives the polynomial hash of any run of characters by one subtraction (Karp and Rabin
1987), so all words and n-grams of a block of texts are hashed at once, at some 150,000 short texts a second.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
_U = np.uint64
_BASE = 0x9E3779B97F4A7C15
_BETWEEN = "\0"
_SPACE = _U(0x5851F42D4C957F2D)


@dataclass(frozen=True, eq=False)
class Grams:
    """Occurrences, as often as they occur and in no order: number of the text, and hash. Aligned, shape (n,)."""

    text: Ints
    hash: Hashes


@dataclass(frozen=True, eq=False)
class _Characters:
    text: Ints  # (n,) which text a character belongs to
    in_word: npt.NDArray[np.bool_]  # (n,)
    alone: npt.NDArray[np.bool_]  # (n,) a word by itself, as where words have no spaces between
    prefix: Hashes  # (n + 1,)


def words_and_ngrams(
    texts: Sequence[str], *, pairs: bool, lengths: Sequence[int], longest: int
) -> tuple[Grams, Grams]:
    """The words of texts (with `pairs` also those that follow each other), and n-grams of these lengths within words.

    Letter case and forms of the same character (Unicode NFKC) make no difference; Chinese and Japanese characters are words
    by themselves. An n-gram may begin with the gap before its word and end with the gap after it. Of each text the first
    `longest` characters count. Lengths are at least 3.
    """
    read = _read(texts, longest)
    return _words(read, pairs), _ngrams(read, lengths)


def _read(texts: Sequence[str], longest: int) -> _Characters:
    # A separator before each text, and one after the last: every word has a gap on both sides.
    joined = _BETWEEN + "".join(f"{text[:longest].replace(_BETWEEN, ' ')}{_BETWEEN}" for text in texts)
    code: npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
    if joined.isascii():
        code = np.frombuffer(joined.lower().encode(), dtype=np.uint8)
        alone = np.zeros(len(code), dtype=bool)
    else:
        plain = unicodedata.normalize("NFKC", joined).lower()
        code = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        alone = _alone()[code]
    in_word = _in_words()[code]
    power, _ = _powers(_room(len(code)))
    value = np.where(in_word, mixed(code.astype(_U)), _SPACE)
    prefix = np.zeros(len(code) + 1, dtype=_U)
    np.cumsum(value * power[: len(code)], out=prefix[1:])
    text = np.cumsum(code == 0, dtype=np.int64) - 1
    return _Characters(text, in_word, alone, prefix)


def _words(read: _Characters, pairs: bool) -> Grams:
    here, before = read.in_word[1:], read.in_word[:-1]
    apart = read.alone[1:] | read.alone[:-1]
    start = np.flatnonzero(here & (~before | apart)) + 1
    end = np.flatnonzero(before & (~here | apart)) + 1
    text, word = read.text[start], mixed(_hash(read, start, end))
    if not pairs:
        return Grams(text, word)
    follows = text[1:] == text[:-1]
    pair = mixed(word[:-1] * _U(3) + word[1:])[follows]
    return Grams(np.concatenate([text, text[1:][follows]]), np.concatenate([word, pair]))


def _ngrams(read: _Characters, lengths: Sequence[int]) -> Grams:
    gaps = np.zeros(len(read.in_word) + 1, dtype=np.int32)
    np.cumsum(~read.in_word, out=gaps[1:])
    texts, hashes = [], []
    for length in lengths:
        last = max(0, len(read.in_word) - length + 1)
        # No gap but at the ends.
        inside = gaps[1 : last + 1] == gaps[length - 1 : length - 1 + last]
        start = np.flatnonzero(inside)
        texts.append(read.text[start + 1])
        hashes.append(mixed(_hash(read, start, start + length) + _U(length)))
    if not texts:
        return Grams(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=_U))
    return Grams(np.concatenate(texts), np.concatenate(hashes))


def _hash(read: _Characters, start: Ints, end: Ints) -> Hashes:
    _, inverse = _powers(_room(len(read.in_word)))
    return np.asarray((read.prefix[end] - read.prefix[start]) * inverse[start])


def mixed(values: Hashes) -> Hashes:
    """Numbers spread over all 64 bits, one to one (SplitMix64, Steele 2014)."""
    values = (values ^ (values >> _U(30))) * _U(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> _U(27))) * _U(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> _U(31)))


def _room(length: int) -> int:
    """A power of two that is not below `length`: so few tables are made."""
    return 1 << max(12, (length - 1).bit_length())


@cache
def _powers(length: int) -> tuple[Hashes, Hashes]:
    """The first powers of the base and of its inverse modulo 2^64."""
    tables = []
    for base in (_BASE, pow(_BASE, -1, 2**64)):
        factors = np.full(length, base, dtype=_U)
        factors[0] = 1
        tables.append(np.multiply.accumulate(factors))
    return tables[0], tables[1]


@cache
def _in_words() -> npt.NDArray[np.bool_]:
    """For every code point whether it is part of a word: letters, digits, marks and the underscore."""
    table = np.zeros(0x110000, dtype=bool)
    # Surrogates, which are in between, belong to no word.
    for first, last in ((0, 0xD800), (0xE000, 0x110000)):
        for run in re.finditer(r"\w+", "".join(map(chr, range(first, last)))):
            table[first + run.start() : first + run.end()] = True
    return table


@cache
def _alone() -> npt.NDArray[np.bool_]:
    table = np.zeros(0x110000, dtype=bool)
    # Kana; ideographs with their extensions and compatibility forms.
    for first, last in (
        (0x3040, 0x30FF),
        (0x3400, 0x4DBF),
        (0x4E00, 0x9FFF),
        (0xF900, 0xFAFF),
        (0x20000, 0x3FFFF),
    ):
        table[first : last + 1] = _in_words()[first : last + 1]
    return table
