"""Of the items that share bands with others: which are really alike. By workers only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotation.importing.bands import Candidates
from annotation.importing.contents import Content, similarities
from annotation.services.import_batches import raw_cursor
from annotation.services.likeness import Sketches, as_payload

# So many candidates of each item are looked at, those that share most bands first.
TRIED = 4
_AT_ONCE = 2_000
_CONTENTS = "SELECT id, key, payload::text FROM annotation_item WHERE id = ANY(%s) AND project_id = %s AND state <> 'retired'"


@dataclass(frozen=True, slots=True)
class Match:
    """The item that one is nearly the same as."""

    item: int
    key: str
    similarity: float


def verified(
    sketches: Sketches, contents: Sequence[Content], found: Candidates, *, threshold: float
) -> dict[int, Match]:
    """{place among the contents: the first candidate that is alike enough}. Deleted and retired items are like nothing."""
    matches: dict[int, Match] = {}
    for rows, others in _parts(found):
        there = _contents(sketches, np.unique(others).tolist())
        pairs = [
            (row, other) for row, other in zip(rows.tolist(), others.tolist(), strict=True) if other in there
        ]
        # In turns: most rows are like their first candidate, and need no other.
        for turn in _turns(pairs):
            left = [(row, other) for row, other in turn if row not in matches]
            values = similarities([(contents[row], there[other][1]) for row, other in left])
            for (row, other), value in zip(left, values, strict=True):
                if value >= threshold:
                    matches[row] = Match(other, there[other][0], value)
    return matches


def _parts(found: Candidates) -> list[tuple[np.ndarray, np.ndarray]]:
    """(rows, others): the first candidates of each row, in parts of bearable size; no row is in two of them."""
    rows, others = found.rows, found.others
    if not len(rows):
        return []
    starts = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
    rank = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
    rows, others = rows[rank < TRIED], others[rank < TRIED]
    cuts = [int(np.searchsorted(rows, rows[first])) for first in range(_AT_ONCE, len(rows), _AT_ONCE)]
    return list(zip(np.split(rows, cuts), np.split(others, cuts), strict=True))


def _turns(pairs: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """The first candidates of all rows, then the second ones, and so on."""
    turns: list[list[tuple[int, int]]] = [[] for _ in range(TRIED)]
    last, rank = -1, 0
    for row, other in pairs:
        rank = rank + 1 if row == last else 0
        turns[rank].append((row, other))
        last = row
    return turns


def _contents(sketches: Sketches, items: list[int]) -> dict[int, tuple[str, Content]]:
    with raw_cursor() as cursor:
        cursor.execute(_CONTENTS, [items, sketches.project_id])
        rows = cursor.fetchall()
    contents = sketches.contents([as_payload(text) for _, _, text in rows])
    return {pk: (key, content) for (pk, key, _), content in zip(rows, contents, strict=True)}
