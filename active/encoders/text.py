"""TF-IDF of words and character n-grams, reduced by a truncated SVD (latent semantic analysis, Deerwester 1990).

Words with the pairs of them, and n-grams within words, are hashed (Weinberger 2009), kept where they are frequent in the
sample, and weighted apart: log-scaled counts by inverse document frequency, each kind at length 1, n-grams then by
`ngram_weight`. The SVD is randomised (Halko 2011). Vectors have length 1; of a text without anything known, 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from active.encoders.ngrams import Grams, words_and_ngrams
from active.encoders.subspace import leading
from active.encoders.types import Encoder, Floats, Load, Options, Payload, settled, texts_of, unit

DEFAULTS: Options = {
    "dimension": 256,
    # Kept of words and of n-grams, each.
    "features": 16_384,
    "pairs": True,
    "ngrams": [4],
    "ngram_weight": 0.7,
    # Characters of a text that count.
    "longest": 20_000,
}
MOST_TEXTS = 50_000
# Of the sample, and at once when encoding: what bounds memory.
MOST_CHARACTERS = 10_000_000
CHARACTERS_AT_ONCE = (1 << 18) - 2
_BITS = 20
# In a sample of at least so many texts, what occurs in a single one is left out.
_LARGE = 100
_KINDS = ("words", "ngrams")
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TextEncoder(Encoder):
    """`arrays`: for each kind its `columns` (hashes that are kept, ascending), `idf` and `basis` (columns, dimension)."""

    kind = "text"

    def encode_block(self, payloads: Sequence[Payload], load: Load | None) -> Floats:
        rows = np.zeros((len(payloads), self.dimension), dtype=np.float32)
        for first, texts in _pieces(texts_of(payloads, self.fields), self.options["longest"]):
            part = rows[first : first + len(texts)]
            for kind, grams in zip(_KINDS, _grams(texts, self.options), strict=True):
                if len(columns := self._columns[kind]):
                    part += (
                        _weighted(grams, len(texts), columns, self.arrays[f"{kind} idf"]) @ self._bases[kind]
                    )
        return unit(rows)

    @cached_property
    def _columns(self) -> dict[str, Ints]:
        return {kind: _positions(self.arrays[f"{kind} columns"]) for kind in _KINDS}

    @cached_property
    def _bases(self) -> dict[str, Floats]:
        return {kind: self.arrays[f"{kind} basis"].astype(np.float32) for kind in _KINDS}


def fit(
    sample: Sequence[Payload],
    fields: Sequence[str],
    *,
    options: Options | None = None,
    seed: int = 0,
    load: Load | None = None,
) -> TextEncoder:
    """Learn what is frequent and what occurs together in at most 50,000 texts of the sample."""
    chosen = _checked(settled("text", options, DEFAULTS))
    texts = _drawn(texts_of(sample, fields), chosen["longest"], np.random.default_rng(seed))
    arrays = _frequent(texts, chosen)
    matrices = [_matrix(texts, chosen, kind, arrays) for kind in _KINDS]
    whole = sp.hstack(matrices, format="csr")
    del matrices
    basis = leading(whole, chosen["dimension"], np.random.default_rng(seed))
    n_words = len(arrays["words idf"])
    # The weight of n-grams belongs to their basis now, where it costs nothing.
    basis[n_words:] *= chosen["ngram_weight"]
    for kind, part in zip(_KINDS, np.split(basis, [n_words]), strict=True):
        arrays[f"{kind} basis"] = part.astype(np.float16)
    return TextEncoder(tuple(fields), basis.shape[1], chosen, arrays)


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    lengths = options["ngrams"]
    if not all(isinstance(length, int) and 3 <= length <= 8 for length in lengths):
        raise ValueError("The option 'ngrams' of the encoder 'text' lists lengths from 3 to 8.")
    if not 1 <= options["dimension"] <= 4096 or not 1 <= options["features"] <= 1 << _BITS:
        raise ValueError("The encoder 'text' has 1 to 4,096 dimensions and 1 to 1,048,576 features.")
    return options


def _drawn(texts: list[str], longest: int, rng: np.random.Generator) -> list[str]:
    """As many texts as memory allows, drawn at random."""
    order = rng.permutation(len(texts))[:MOST_TEXTS]
    sizes = np.cumsum([min(len(texts[number]), longest) for number in order])
    most = max(1, int(np.searchsorted(sizes, MOST_CHARACTERS, side="right")))
    return [texts[number] for number in np.sort(order[:most])]


def _pieces(texts: list[str], longest: int) -> Iterator[tuple[int, list[str]]]:
    """The texts in turn, few enough at once that their characters take little memory."""
    first = size = 0
    for number, text in enumerate(texts):
        length = min(len(text), longest) + 1
        if size and size + length > CHARACTERS_AT_ONCE:
            yield first, texts[first:number]
            first, size = number, 0
        size += length
    if texts:
        yield first, texts[first:]


def _grams(texts: list[str], options: Options) -> tuple[Grams, Grams]:
    return words_and_ngrams(
        texts, pairs=options["pairs"], lengths=options["ngrams"], longest=options["longest"]
    )


def _buckets(grams: Grams) -> Ints:
    return (grams.hash >> np.uint64(64 - _BITS)).astype(np.int64)


def _frequent(texts: list[str], options: Options) -> dict[str, npt.NDArray[Any]]:
    """What is kept of each kind, and how rare it is."""
    counts = {kind: np.zeros(1 << _BITS, dtype=np.int64) for kind in _KINDS}
    for _, piece in _pieces(texts, options["longest"]):
        for kind, grams in zip(_KINDS, _grams(piece, options), strict=True):
            once = np.unique((grams.text << _BITS) | _buckets(grams))
            counts[kind] += np.bincount(once & ((1 << _BITS) - 1), minlength=1 << _BITS)
    arrays: dict[str, npt.NDArray[Any]] = {}
    for kind, count in counts.items():
        kept = np.flatnonzero(count >= (2 if len(texts) >= _LARGE else 1))
        kept = np.sort(kept[np.argsort(-count[kept], kind="stable")[: options["features"]]])
        arrays[f"{kind} columns"] = kept.astype(np.uint32)
        arrays[f"{kind} idf"] = (np.log((1 + len(texts)) / (1 + count[kept])) + 1).astype(np.float32)
    return arrays


def _positions(kept: npt.NDArray[np.uint32]) -> Ints:
    """The column of every hash; -1 for those that are not kept. Empty where none is."""
    table = np.full(1 << _BITS if len(kept) else 0, -1, dtype=np.int64)
    table[kept] = np.arange(len(kept))
    return table


def _weighted(grams: Grams, n_texts: int, columns: Ints, idf: Floats) -> sp.csr_matrix:
    """Log-scaled counts by inverse document frequency, (n_texts, columns), rows at length 1."""
    column = columns[_buckets(grams)]
    known = column >= 0
    cells, counts = np.unique(grams.text[known] * len(idf) + column[known], return_counts=True)
    text, column = np.divmod(cells, len(idf))
    value = (1.0 + np.log(counts)).astype(np.float32) * idf[column]
    length = np.sqrt(np.bincount(text, weights=value * value, minlength=n_texts)).astype(np.float32)
    value /= length[text]
    starts = np.searchsorted(text, np.arange(n_texts + 1))
    return sp.csr_matrix((value, column, starts), shape=(n_texts, len(idf)))


def _matrix(
    texts: list[str], options: Options, kind: str, arrays: dict[str, npt.NDArray[Any]]
) -> sp.csr_matrix:
    idf, columns = arrays[f"{kind} idf"], _positions(arrays[f"{kind} columns"])
    if not len(idf):
        return sp.csr_matrix((len(texts), 0), dtype=np.float32)
    weight = options["ngram_weight"] if kind == "ngrams" else 1.0
    parts = [
        _weighted(_grams(piece, options)[_KINDS.index(kind)], len(piece), columns, idf)
        for _, piece in _pieces(texts, options["longest"])
    ]
    return sp.vstack(parts, format="csr") * np.float32(weight)
