"""What of a payload makes two items the same to whoever looks at them: its texts, and its pictures by their hashes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from annotation.importing import likeness, picture_likeness

U32 = npt.NDArray[np.uint32]
Bools = npt.NDArray[np.bool_]
# Of longer texts the beginning counts.
LONGEST = 200_000
# Texts are compared in parts of so many letters.
_AT_ONCE = 2_000_000


class Content(NamedTuple):
    """`picture` is the hash of the first picture that has one, empty where there is none."""

    text: str
    picture: bytes = b""


def texts_of(payloads: Sequence[Mapping[str, Any]], fields: Mapping[str, str]) -> list[str]:
    """Of each payload the values that are shown and are no pictures; without any field of a schema, all texts."""
    if not fields:
        return [_joined(payload, payload) for payload in payloads]
    names = [name for name, kind in fields.items() if kind not in {"hidden", "image"}]
    if len(names) == 1:
        values = [payload.get(names[0]) for payload in payloads]
        return [(value if isinstance(value, str) else _words(value))[:LONGEST] for value in values]
    return [_joined(payload, names) for payload in payloads]


def _joined(payload: Mapping[str, Any], names: Iterable[str]) -> str:
    return "\n".join(filter(None, (_words(payload.get(name)) for name in names)))[:LONGEST]


def picture_names(payload: Mapping[str, Any], fields: Mapping[str, str]) -> list[str]:
    """The images that are shown, by their names among the project's media."""
    found = [payload.get(name) for name, kind in fields.items() if kind == "image"]
    return [name for name in found if isinstance(name, str) and name]


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()


def sketches(contents: Sequence[Content]) -> tuple[U32, Bools]:
    """The bands of each, (n, BANDS): those of its picture, or of its text where it has none; and whether it has any."""
    found, there = likeness.sketches([one.text for one in contents])
    pictured = [n for n, one in enumerate(contents) if one.picture]
    if pictured:
        joined = b"".join(contents[n].picture for n in pictured)
        hashes = np.frombuffer(joined, dtype=np.uint8).reshape(-1, picture_likeness.BYTES)
        found[pictured], there[pictured] = picture_likeness.bands(hashes), True
    return found, there


def similarities(pairs: Sequence[tuple[Content, Content]]) -> list[float]:
    """How alike two are, from 0 to 1: as their texts are (Jaccard), as their pictures are, or the lesser of both where they
    have both."""
    found: list[float] = []
    for part in _parts(pairs):
        texts = list(dict.fromkeys(one.text for pair in part for one in pair))
        places = {text: n for n, text in enumerate(texts)}
        some = likeness.shingles(texts)
        sets: dict[int, frozenset[int]] = {}
        for pair in part:
            for one in pair:
                place = places[one.text]
                if place not in sets:
                    sets[place] = some.set_of(place)
            found.append(_similarity(pair, sets[places[pair[0].text]], sets[places[pair[1].text]]))
    return found


def _similarity(pair: tuple[Content, Content], one: frozenset[int], other: frozenset[int]) -> float:
    pictures = [each.picture for each in pair]
    if any(pictures) and not all(pictures):
        return 0.0
    seen = picture_likeness.similarity(*pictures) if all(pictures) else 1.0
    if not one and not other:
        return seen if all(pictures) else 0.0
    return min(seen, likeness.jaccard(one, other))


def _parts(pairs: Sequence[tuple[Content, Content]]) -> Iterator[Sequence[tuple[Content, Content]]]:
    first = size = 0
    for n, (one, other) in enumerate(pairs):
        letters = len(one.text) + len(other.text)
        if n > first and size + letters > _AT_ONCE:
            yield pairs[first:n]
            first, size = n, 0
        size += letters
    if first < len(pairs):
        yield pairs[first:]
