"""Which encoder reads which field, by the fields' types and by what a sample of payloads holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from active.encoders.types import Options, Payload

_LOOKED_AT = 500
# A list of so many numbers is a vector.
_VECTOR = 8


@dataclass(frozen=True)
class Choice:
    """An encoder's name, the fields that it reads, and its options."""

    kind: str
    fields: tuple[str, ...]
    options: Options = field(default_factory=dict)


def choose(fields: Sequence[Mapping[str, Any]], sample: Sequence[Payload]) -> Choice:
    """Choose for fields {"name", "type"}; without any, for what the payloads hold.

    Text fields that hold mostly numbers or vectors are read as such, hidden ones only if they hold vectors, links not at
    all. Of payloads with nothing to read it is a text encoder of all their keys.
    """
    some = sample[:_LOOKED_AT]
    listed = [(str(one["name"]), str(one.get("type", "text"))) for one in fields]
    names = listed or [(name, "text") for name in _keys(some)]
    kinds: dict[str, list[str]] = {"text": [], "image": [], "number": [], "vector": []}
    for name, kind in names:
        told = _told(name, some) if kind in ("text", "hidden") else kind
        # What people are not to see is often a key or a label; a vector is there to be computed with.
        if told in kinds and (kind != "hidden" or told == "vector"):
            kinds[told].append(name)
    parts = list(_parts(kinds))
    if not parts:
        return Choice("text", tuple(name for name, _ in names))
    if len(parts) == 1:
        return Choice(parts[0]["kind"], tuple(parts[0]["fields"]), parts[0].get("options", {}))
    return Choice("combined", tuple(name for part in parts for name in part["fields"]), {"parts": parts})


def _parts(kinds: Mapping[str, list[str]]) -> Iterable[dict[str, Any]]:
    # All texts as one: beside a text of a few words, one in dimensions of its own loses half of its say.
    if kinds["text"]:
        yield {"kind": "text", "fields": kinds["text"]}
    yield from ({"kind": "pictures", "fields": [name]} for name in kinds["image"])
    if kinds["number"]:
        yield {"kind": "numbers", "fields": kinds["number"]}
    yield from ({"kind": "vectors", "fields": [name]} for name in kinds["vector"])


def _keys(sample: Sequence[Payload]) -> list[str]:
    return sorted({name for payload in sample for name in payload})


def _told(name: str, sample: Sequence[Payload]) -> str:
    """What a field without a type holds in most payloads that have it."""
    seen = Counter(_kind(value) for payload in sample if (value := payload.get(name)) not in (None, ""))
    return max(seen, key=lambda kind: (seen[kind], kind)) if seen else "text"


def _kind(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return "number"
    numbers = isinstance(value, list) and all(type(part) in (int, float) for part in value)
    return "vector" if numbers and len(value) >= _VECTOR else "text"
