"""Suggestions: words that tell a label which no function covers yet, and items on which functions disagree most."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from annotation.models import Project
from labelmodel.functions.keywords import term_pattern
from labelmodel.services import feedback_casts as casts
from labelmodel.services import feedback_counting as counting
from labelmodel.services.feedback import Example, Phrase, Share, Suggestions
from labelmodel.services.feedback_casts import Ground, Votings
from labelmodel.services.feedback_examples import Place, Teller, keys_of, texts_of, told

LONGEST = 3
# Items whose words are counted, words that are read of each, and how many must have a phrase.
MOST_READ = 5_000
MOST_WORDS = 300
MOST_WORDS_READ = 200_000
LEAST_ITEMS = 2
DISPUTED = 8
# Phrases that are looked at closely.
MOST_WEIGHED = 400
# What parts words that belong together: anything but letters, digits, spaces and what stands inside words.
_BREAK = re.compile(r"[^\w\s'’-]+|\s['’-]+|['’-]+\s")

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A phrase and a label: how many labeled items have it, how many of these the label, and which of those nothing covers.

    `better`: how much more often than chance it is surely right.
    """

    label: int
    words: str
    found: int
    right: int
    bare: frozenset[int]
    better: float


def suggestions(project: Project, question: str, labels: tuple[str, ...], most: int) -> Suggestions:
    """See feedback.suggestions."""
    on = casts.ground(project, question)
    others, _ = casts.of_others(on, None)
    bare = _bare(on, others)
    wanted = [place for place, label in enumerate(on.labels) if not labels or label in labels]
    best = _spread(_weighed(on, bare, wanted), most)
    return Suggestions(
        labeled=len(on.labeled),
        uncovered=int(bare.sum()),
        phrases=tuple(_phrase(on, one) for one in best),
        disputed=_disputed(on, others),
    )


def _bare(on: Ground, others: Sequence[Votings]) -> Bools:
    """Labeled items on which no function votes."""
    size = min([len(on.labeled), *(len(one.labeled) for one in others)])
    return ~counting.somewhere(size, [one.labeled >= 0 for one in others]) & on.labeled.right[:size].any(
        axis=1
    )


def _weighed(on: Ground, bare: Bools, wanted: Sequence[int]) -> list[Weighed]:
    size = min(len(bare), MOST_READ)
    right, bare = on.labeled.right[:size], bare[:size]
    found: Counter[str] = Counter()
    good: list[Counter[str]] = [Counter() for _ in on.labels]
    new: list[defaultdict[str, list[int]]] = [defaultdict(list) for _ in on.labels]
    for row, phrases in enumerate(_phrases(on, size)):
        found.update(phrases)
        for label in np.flatnonzero(right[row]):
            good[label].update(phrases)
            if bare[row]:
                for phrase in phrases:
                    new[label][phrase].append(row)
    base = right.mean(axis=0) if size else np.zeros(len(on.labels))
    made = [
        Weighed(label, words, found[words], good[label][words], frozenset(rows), better)
        for label in wanted
        for words, rows in new[label].items()
        if len(rows) >= LEAST_ITEMS
        and (better := Share(good[label][words], found[words]).low - float(base[label])) > 0
    ]
    return sorted(made, key=lambda one: (-_worth(one, len(one.bare)), one.words))[:MOST_WEIGHED]


def _worth(one: Weighed, items: int) -> float:
    """For so many items that would be covered newly. A longer phrase says more clearly what is meant."""
    return one.better * items * (1 + 0.2 * one.words.count(" "))


def _spread(weighed: Sequence[Weighed], most: int) -> list[Weighed]:
    """One after the other what is worth most beside those before it: each covers items that they leave."""
    chosen: list[Weighed] = []
    covered: set[tuple[int, int]] = set()
    rest = list(weighed)
    while rest and len(chosen) < most:
        left = [(one, sum((one.label, row) not in covered for row in one.bare)) for one in rest]
        rest = [one for one, items in left if items >= LEAST_ITEMS]
        if not rest:
            break
        best, _ = max(left, key=lambda pair: _worth(*pair) if pair[1] >= LEAST_ITEMS else -1.0)
        chosen.append(best)
        covered |= {(best.label, row) for row in best.bare}
    return chosen


def _phrase(on: Ground, one: Weighed) -> Phrase:
    pattern = f"(?i){term_pattern(one.words, True)}"
    held = pl.Series([False]).new_from_index(0, len(on.pool))
    for name in texts_of(on):
        held = held | on.pool.batch.text(name).str.contains(pattern).fill_null(False)
    return Phrase(
        on.labels[one.label], one.words, Share(one.right, one.found), len(one.bare), int(held.sum() or 0)
    )


def _phrases(on: Ground, size: int) -> Iterator[set[str]]:
    """Of each labeled item its phrases, each once; it ends where so many words were read that more would take long."""
    columns = [on.labeled.batch.text(name).head(size).to_list() for name in texts_of(on)]
    read = 0
    for texts in zip(*columns, strict=True):
        parts = [words for text in texts if text for words in _parts(text[:20_000])]
        read += sum(map(len, parts))
        if read > MOST_WORDS_READ:
            return
        yield {phrase for words in parts for phrase in _joined(words)}


def _parts(text: str) -> Iterator[list[str]]:
    """Words that stand beside each other, with nothing but spaces between them."""
    left = MOST_WORDS
    for part in _BREAK.split(text.lower()):
        words = part.split()[:left]
        left -= len(words)
        if words:
            yield words


def _joined(words: Sequence[str]) -> Iterator[str]:
    for length in range(1, LONGEST + 1):
        for start in range(len(words) - length + 1):
            if length > 1 or len(words[start]) > 1:
                yield " ".join(words[start : start + length])


def _disputed(on: Ground, others: Sequence[Votings]) -> tuple[Example, ...]:
    """Items of the sample with the most votes against what most functions say there."""
    size = min([len(on.pool), *(len(one.sample) for one in others)])
    if not on.exclusive or not size or len(others) < 2:
        return ()
    counts = np.zeros((size, len(on.labels)), dtype=np.int16)
    for one in others:
        voted = np.flatnonzero(one.sample[:size] >= 0)
        counts[voted, one.sample[voted]] += 1
    against = counts.sum(axis=1) - counts.max(axis=1)
    order = np.argsort(-against, kind="stable")[:DISPUTED]
    places = [Place(on.pool.batch, int(place), False) for place in order if against[place] > 0]
    teller = Teller(on, None, keys_of(place.item for place in places), None, others)
    return told(teller, places)
