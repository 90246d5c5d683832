"""A batch of items as columns, and what functions share of it: lower-cased texts, numbers, times."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

# A payload as it comes: parsed, or JSON.
Row = tuple[int, Mapping[str, Any] | bytes | str]


@dataclass(frozen=True, eq=False)
class Batch:
    """Some items, by column."""

    ids: NDArray[np.int64]  # (n,)
    table: (
        pl.DataFrame
    )  # a column of text per payload field: texts as they are, other values as JSON says them
    payload: pl.Series | None = None  # the visible fields as JSON, where asked for
    unreadable: Mapping[int, str] = field(default_factory=dict)  # position: why its payload cannot be read
    _shared: dict[tuple[str, str], pl.Series] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def text(self, name: str) -> pl.Series:
        """A field as text; null where it is missing."""
        if name in self.table.columns:
            return self.table[name]
        return pl.Series(name, [None], dtype=pl.String).new_from_index(0, len(self))

    def composed(self, name: str) -> pl.Series:
        """The text with letters and their accents in one character (NFC)."""
        return self._view("composed", name, lambda text: _composed(text))

    def folded(self, name: str) -> pl.Series:
        """The same in lower case."""
        return self._view("folded", name, lambda text: self.composed(name).str.to_lowercase())

    def number(self, name: str) -> pl.Series:
        """The text as a finite number; null where it is none."""
        return self._view("number", name, _numbers)

    @cached_property
    def payloads(self) -> list[dict[str, Any]]:
        """The payloads as JSON has them. Shared: not to be changed."""
        if self.payload is None:
            raise ValueError("This batch was built without payloads.")
        return [orjson.loads(text) for text in self.payload.to_list()]

    def _view(self, kind: str, name: str, make: Any) -> pl.Series:
        # Two threads may both make it; either result is right.
        found = self._shared.get((kind, name))
        if found is None:
            found = self._shared[kind, name] = make(self.text(name))
        return found


def build(rows: Iterable[Row], fields: Collection[str], *, payload: bool = False) -> Batch:
    """Columns of these fields, and of nothing else; sensitive fields are simply not named."""
    ids: list[int] = []
    columns: dict[str, list[Any]] = {name: [] for name in fields}
    texts: list[str] = []
    unreadable: dict[int, str] = {}
    for position, (number, given) in enumerate(rows):
        ids.append(number)
        try:
            found = orjson.loads(given) if isinstance(given, (bytes, str)) else given
        except orjson.JSONDecodeError as error:
            found, unreadable[position] = {}, f"The payload is not JSON: {error}"
        if not isinstance(found, Mapping):
            found = {}
        for name, column in columns.items():
            column.append(found.get(name))
        if payload:
            texts.append(_json({name: found[name] for name in columns if name in found}))
    table = pl.DataFrame([_column(name, values) for name, values in columns.items()])
    whole = pl.Series("payload", texts, dtype=pl.String) if payload else None
    return Batch(np.array(ids, dtype=np.int64), table, whole, unreadable)


def text_of(value: Any) -> str | None:
    """What functions on text read of a value: text as it is, nothing of null, all else as JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) else _json(value)
    # Half of a character pair is no character; databases refuse it, callers may not.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _column(name: str, values: list[Any]) -> pl.Series:
    return pl.Series(name, [text_of(value) for value in values], dtype=pl.String)


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # Numbers beyond 64 bits, and half characters.
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
        return text.encode("utf-8", "replace").decode()


def _composed(text: pl.Series) -> pl.Series:
    if (text.str.len_bytes() == text.str.len_chars()).all():
        return text
    return text.str.normalize("NFC")


def _numbers(text: pl.Series) -> pl.Series:
    found = text.str.strip_chars().cast(pl.Float64, strict=False)
    return found.set(~found.is_finite().fill_null(False), None)
