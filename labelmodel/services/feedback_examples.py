"""Items that show what a function does: where it votes, where it is wrong, where others contradict, where nobody votes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import polars as pl
from numpy.typing import NDArray

from annotation.models import Item
from labelmodel.functions import Batch, Function, regex
from labelmodel.functions.keywords import term_pattern
from labelmodel.services import feedback_counting as counting
from labelmodel.services.feedback import Example, Examples
from labelmodel.services.feedback_casts import Ground, Votings

LONGEST = 280
# So much stands before what was found, where a text is cut.
BEFORE = 80
MOST_FIELDS = 3
# Of one pattern in a text.
MOST_MARKS = 20
# Of the patterns that are marked, see labelmodel/functions/regex.py.
MOST_WEIGHT = 2_000
# Where comments end with the line.
_VERBOSE = re.compile(r"\(\?[a-zA-Z]*x")

Bools = NDArray[np.bool_]
Marks = list[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Place:
    """An item of one of the two batches, by its position there."""

    batch: Batch
    position: int
    labeled: bool

    @property
    def item(self) -> int:
        return int(self.batch.ids[self.position])


def chosen(on: Ground, function: Function, mine: Votings, others: Sequence[Votings], most: int) -> Examples:
    """So many of each kind. The same ones while somebody types, as long as they fit."""
    size = counting.common(mine.sample, others)
    votes = mine.sample[:size]
    against = counting.somewhere(size, [counting.conflict(on, mine.sample, other.sample) for other in others])
    nobody = ~counting.somewhere(size, [votes >= 0, *(other.sample >= 0 for other in others)])
    voted, right = counting.judged(on, mine.labeled)
    failed = [place for place in sorted(mine.errors) if place < len(mine.sample)]
    places = {
        "matched": _some(on, mine.sample >= 0, most),
        "wrong": _some(on, voted & ~right, most, labeled=True),
        "conflicting": _some(on, against, most),
        "uncovered": [*_bare(on, mine, others, most // 2), *_some(on, nobody, most)][:most],
        "failed": [Place(on.pool.batch, place, False) for place in failed[:most]],
    }
    every = [place for group in places.values() for place in group]
    teller = Teller(on, function, keys_of(place.item for place in every), mine, others)
    teller.look(every)
    return Examples(**{name: told(teller, group) for name, group in places.items()})


def told(teller: Teller, places: Iterable[Place]) -> tuple[Example, ...]:
    """Without items that have been deleted since they were read."""
    return tuple(teller.told(place) for place in places if place.item in teller.keys)


def keys_of(items: Iterable[int]) -> dict[int, str]:
    return dict(Item.objects.filter(pk__in=set(items)).values_list("pk", "key"))


def _some(on: Ground, held: Bools, most: int, *, labeled: bool = False) -> list[Place]:
    batch = on.labeled.batch if labeled else on.pool.batch
    return [Place(batch, int(place), labeled) for place in np.flatnonzero(held)[:most]]


def _bare(on: Ground, mine: Votings, others: Sequence[Votings], most: int) -> list[Place]:
    """Labeled items on which nobody votes: these say which label is missing."""
    size = min([len(mine.labeled), *(len(other.labeled) for other in others)])
    votes = [mine.labeled, *(other.labeled for other in others)]
    bare = ~counting.somewhere(size, [one >= 0 for one in votes]) & on.labeled.right[:size].any(axis=1)
    return _some(on, bare, most, labeled=True)


class Teller:
    """Tells items as examples."""

    def __init__(
        self,
        on: Ground,
        function: Function | None,
        keys: dict[int, str],
        mine: Votings | None,
        others: Sequence[Votings],
    ) -> None:
        self.on, self.keys, self.mine, self.others = on, keys, mine, others
        names = [name for name in on.pool.fields if function and name in function.reads]
        self.fields = (names or texts_of(on))[:MOST_FIELDS]
        self.patterns = patterns(function) if function else []
        self.marks: dict[str, Marks] = {}
        # Which labels people gave, for items of the sample that they labeled.
        self.rows = {int(item): row for row, item in enumerate(on.labeled.batch.ids)}

    def look(self, places: Sequence[Place]) -> None:
        """Find what is to be marked, in all texts at once: a pattern is prepared for many texts as for one."""
        texts = list({self._text(place) for place in places if self._said(self.mine, place)})
        self.marks = dict(zip(texts, marks(texts, self.patterns), strict=True))

    def told(self, place: Place) -> Example:
        said, text = self._said(self.mine, place), self._text(place)
        text, marks = excerpt(text, self.marks.get(text, []) if said else [])
        return Example(
            item=place.item,
            key=self.keys[place.item],
            text=text,
            marks=marks,
            said=said,
            right=self._right(place),
            others=tuple((one.name, label) for one in self.others if (label := self._said(one, place))),
            note=self._note(place),
        )

    def _text(self, place: Place) -> str:
        values = [(name, place.batch.text(name)[place.position]) for name in self.fields]
        if len(values) == 1:
            return str(values[0][1] or "")
        return " · ".join(f"{name}: {value}" for name, value in values if value is not None)

    def _said(self, one: Votings | None, place: Place) -> str | None:
        if one is None:
            return None
        votes = one.labeled if place.labeled else one.sample
        vote = int(votes[place.position]) if place.position < len(votes) else -1
        return self.on.labels[vote] if vote >= 0 else None

    def _right(self, place: Place) -> tuple[str, ...] | None:
        row = self.rows.get(place.item)
        if row is None:
            return None
        return tuple(self.on.labels[int(at)] for at in np.flatnonzero(self.on.labeled.right[row]))

    def _note(self, place: Place) -> str:
        if self.mine is None or place.labeled:
            return ""
        return self.mine.errors.get(place.position, "")


def texts_of(on: Ground) -> list[str]:
    """Fields to show where a function says nothing of them."""
    visible = [name for name in on.pool.fields if name not in on.pool.sensitive]
    return [name for name in visible if on.pool.fields[name] == "text"] or visible


def patterns(function: Function) -> list[str]:
    """What to mark in a text: the words or the patterns of a definition."""
    definition, kind = function.definition, function.kind.name
    case = "" if definition.get("case") else "(?i)"
    if kind == "pattern":
        some = [f"{case}{rule['pattern']}" for rule in definition["rules"]]
        # Not hundreds that take long to prepare, for a few examples.
        return [
            one
            for one, sum_ in zip(some, accumulate(map(regex.weight, some)), strict=True)
            if sum_ <= MOST_WEIGHT
        ]
    if kind == "keywords":
        terms = [term for rule in definition["rules"] for key in ("any", "all") for term in rule.get(key, ())]
        # The longest first, and not thousands of them for a few examples.
        terms = sorted(terms, key=len, reverse=True)[:1000]
        return [f"{case}{'|'.join(term_pattern(term, definition['words']) for term in terms)}"]
    return []


def marks(texts: Sequence[str], some: Sequence[str]) -> list[Marks]:
    """Where the engine of patterns finds them in each text, as (begin, end), without overlaps."""
    found: list[set[tuple[int, int]]] = [set() for _ in texts]
    series = pl.Series(list(texts), dtype=pl.String)
    for pattern in some:
        # Each find, and each with all that stands before it: the lengths of these say where it is, words' edges included.
        finds = series.str.extract_all(pattern).to_list()
        spans = series.str.extract_all(
            f"(?s:.*?)(?:{pattern}\n)" if _VERBOSE.search(pattern) else f"(?s:.*?)(?:{pattern})"
        )
        for row, (parts, before) in enumerate(zip(finds, spans.to_list(), strict=True)):
            found[row].update(_placed(parts, before))
    return [_apart(sorted(one)) for one in found]


def _placed(parts: Sequence[str], spans: Sequence[str]) -> Iterator[tuple[int, int]]:
    end = 0
    for part, span in zip(parts[:MOST_MARKS], spans, strict=False):
        end += len(span)
        # Where a pattern also finds nothing at all, the two lists may differ.
        if not part or not span.endswith(part):
            return
        yield end - len(part), end


def _apart(some: Iterable[tuple[int, int]]) -> Marks:
    found: Marks = []
    for begin, end in some:
        if not found or begin >= found[-1][1]:
            found.append((begin, end))
    return found


def excerpt(text: str, marks: Marks) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A part of a text with what is marked in it, and where that is."""
    first = marks[0][0] if marks else 0
    start = max(0, first - BEFORE) if len(text) > LONGEST else 0
    cut = text[start : start + LONGEST]
    head, tail = "…" if start else "", "…" if start + len(cut) < len(text) else ""
    shift = len(head) - start
    placed = [(begin + shift, end + shift) for begin, end in marks if end <= start + len(cut)]
    return f"{head}{cut}{tail}", tuple(placed)
