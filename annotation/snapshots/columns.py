"""Small tools for columns: place rows where their items are, work each distinct text out once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from annotation.formats.layout import Kind

TYPES: dict[Kind, Any] = {
    "string": pa.string(),
    "strings": pa.list_(pa.string()),
    "double": pa.float64(),
    "json": pa.string(),
}


def column(table: pa.Table, name: str) -> pa.Array:
    found = table.column(name).combine_chunks()
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) else found


def numbers(table: pa.Table, name: str) -> np.ndarray:
    """A column of whole numbers without nulls."""
    return np.asarray(column(table, name).to_numpy(zero_copy_only=False))


def places(sought: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Where each of these is among the sorted ids; -1 where it is not."""
    if not len(ids):
        return np.full(len(sought), -1)
    found = np.searchsorted(ids, sought).clip(max=len(ids) - 1)
    return np.where(ids[found] == sought, found, -1)


def rows_for(items: np.ndarray, rows: np.ndarray, ids: np.ndarray) -> pa.Array:
    """For each id the row that tells of it, null where none does; of two the later. `items` tells of which each row is."""
    found = np.full(len(ids), -1)
    at = places(items, ids)
    found[at[at >= 0]] = rows[at >= 0]
    return pa.array(found, pa.int64(), mask=found < 0)


def by_distinct(texts: pa.Array, make: Callable[[list[Any]], pa.Array]) -> pa.Array:
    """`make` turns a list of values into as many others; each distinct one is given to it once."""
    coded = texts.dictionary_encode()
    return make(coded.dictionary.to_pylist()).take(coded.indices)


def typed(values: Iterable[Any], kind: Kind) -> pa.Array:
    """Values of answers as a column of this kind; null where one is of another type."""
    return pa.array([_FITTING[kind](value) for value in values], TYPES[kind])


def loaded(texts: Sequence[str | None]) -> list[Any]:
    return [None if text is None else orjson.loads(text) for text in texts]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _texts(value: Any) -> list[str] | None:
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else None


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


_FITTING: dict[Kind, Callable[[Any], Any]] = {
    "string": _text,
    "strings": _texts,
    "double": _number,
    "json": _json,
}
