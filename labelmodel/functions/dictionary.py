"""A dictionary that is looked into by hash: made once, then asked by many batches without being built again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

# The parts of a text: a word, one other character, or white space. A term is found where its parts are.
PARTS = r"\w+|\s+|[^\w\s]"
# An automaton of their words is made for each batch, so there must not be too many.
MOST_HINTS = 10_000
_NONE = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Dictionary:
    """Different texts, each with the row that it comes from."""

    hashes: NDArray[np.uint64]  # (n,) ascending
    row: IntArray  # (n,) aligned with hashes
    terms: pl.Series  # (n,) aligned with hashes

    def find(self, texts: pl.Series) -> IntArray:
        """The row of each text, (len(texts),); NONE where it is not in here."""
        found = np.full(len(texts), _NONE, dtype=np.int64)
        if not len(self.hashes) or not len(texts):
            return found
        wanted = texts.hash().to_numpy()
        place = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        likely = np.flatnonzero((self.hashes[place] == wanted) & texts.is_not_null().to_numpy())
        # Equal hashes are compared letter by letter: a collision finds nothing instead of something else.
        same = (self.terms.gather(place[likely]) == texts.gather(likely)).to_numpy()
        found[likely[same]] = self.row[place[likely[same]]]
        return found


def dictionary(terms: pl.Series) -> Dictionary:
    """Of these terms; the first row of equal ones counts, null ones are left out."""
    frame = pl.DataFrame({"term": terms, "row": pl.int_range(len(terms), eager=True)}).drop_nulls()
    frame = frame.unique("term", keep="first", maintain_order=True)
    frame = frame.with_columns(frame["term"].hash().alias("hash")).sort("hash")
    return Dictionary(frame["hash"].to_numpy(), frame["row"].to_numpy(), frame["term"])


def parts_of(texts: pl.Series) -> pl.Series:
    """Lists of the parts of each text, white space as one space."""
    parts = texts.str.extract_all(PARTS)
    return parts.list.eval(
        pl.when(pl.element().str.contains(r"^\s")).then(pl.lit(" ")).otherwise(pl.element())
    )


@dataclass(frozen=True, eq=False)
class Phrases:
    """Terms that are found inside texts, where words begin and end."""

    whole: Dictionary  # terms, white space between words as one space
    first: Dictionary  # the parts that terms begin with
    most: int  # parts of the longest term
    hints: (
        pl.Series | None
    )  # one of which is somewhere in each text that has a term; None where there are too many terms

    def find(self, texts: pl.Series) -> IntArray:
        """The lowest row of the terms in each text, (len(texts),); NONE where there is none."""
        if self.hints is None:
            return self._find(texts)
        found = np.full(len(texts), _NONE, dtype=np.int64)
        likely = texts.str.contains_any(self.hints).fill_null(False).arg_true()
        found[likely.to_numpy()] = self._find(texts.gather(likely))
        return found

    def _find(self, texts: pl.Series) -> IntArray:
        found = np.full(len(texts), _NONE, dtype=np.int64)
        lists = parts_of(texts.fill_null(""))
        owner = np.repeat(np.arange(len(texts)), lists.list.len().to_numpy())
        parts = lists.explode(empty_as_null=False, keep_nulls=False)
        start = np.flatnonzero(self.first.find(parts) != _NONE)
        phrase = parts.gather(start)
        for length in range(1, self.most + 1):
            rows = self.whole.find(phrase)
            hit = rows != _NONE
            np.minimum.at(found, owner[start[hit]], rows[hit])
            end = start + length
            inside = np.flatnonzero(end < len(parts))
            inside = inside[owner[end[inside]] == owner[start[inside]]]
            start = start[inside]
            phrase = phrase.gather(inside) + parts.gather(start + length)
            if not len(start):
                break
        return found


def phrases(terms: pl.Series) -> Phrases:
    """Of these terms."""
    lists = parts_of(terms.str.strip_chars())
    most = lists.list.len().max()
    return Phrases(
        dictionary(lists.list.join("")),
        dictionary(lists.list.first()),
        int(most) if isinstance(most, int) else 0,
        _hints(terms) if len(terms) <= MOST_HINTS else None,
    )


def _hints(terms: pl.Series) -> pl.Series:
    """The longest word of each term: where it is not, the term is not."""
    longest = {max(term.split(), key=len) for term in terms.drop_nulls() if term.strip()}
    return pl.Series(sorted(longest), dtype=pl.String).implode()


@dataclass(frozen=True, eq=False)
class Pieces:
    """Terms that are found anywhere inside texts, also inside words (Aho-Corasick)."""

    terms: pl.Series  # without null
    whole: Dictionary

    def find(self, texts: pl.Series) -> IntArray:
        """The lowest row of the terms in each text, (len(texts),); NONE where there is none."""
        found = np.full(len(texts), _NONE, dtype=np.int64)
        terms = self.terms.implode()
        hits = np.flatnonzero(texts.str.contains_any(terms).fill_null(False).to_numpy())
        lists = texts.gather(hits).str.extract_many(terms, overlapping=True)
        owner = np.repeat(hits, lists.list.len().to_numpy())
        rows = self.whole.find(lists.explode(empty_as_null=False, keep_nulls=False))
        np.minimum.at(found, owner, rows)
        return found


def pieces(terms: pl.Series) -> Pieces:
    """Of these terms."""
    whole = dictionary(terms)
    return Pieces(whole.terms, whole)


Finder = Dictionary | Phrases | Pieces


def lowest(finder: Finder, columns: Sequence[pl.Series], size: int) -> IntArray:
    """The lowest row that is found in one of the columns, (size,); NONE where nothing is."""
    found = np.full(size, _NONE, dtype=np.int64)
    for column in columns:
        np.minimum(found, finder.find(column), out=found)
    return found


NONE = int(_NONE)
