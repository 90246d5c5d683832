"""Columns of many rows as arrays, packed by PostgreSQL: no object for each value. Texts come as Arrow arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow as pa
from django.db import connection

# PostgreSQL's fixed-width types, as its send functions write them.
_WIDE = {"int8": ">i8", "float8": ">f8", "int4": ">i4", "bool": "?"}
TEXT = "text"


def columns(query: str, params: Mapping[str, Any], types: Sequence[str]) -> list[Any]:
    """The columns of a query's rows, in its order: numpy arrays of int8, float8, int4 or bool, which must not be NULL, and
    pyarrow arrays of text, which may be. ValueError when a number is NULL."""
    names = [f"c{position}" for position in range(len(types))]
    wanted = [part for name, kind in zip(names, types, strict=True) for part in _packed(name, kind)]
    statement = f"SELECT count(*), {', '.join(wanted)} FROM ({query}) AS packed ({', '.join(names)})"  # noqa: S608
    count, *data = _fetched(statement, params)
    parts = iter(data)
    return [_column(kind, count, parts) for kind in types]


def ids(query: str, params: Mapping[str, Any]) -> npt.NDArray[np.int64]:
    """The one column of a query, ids."""
    return np.asarray(columns(query, params, ["int8"])[0], dtype=np.int64)


def _packed(name: str, kind: str) -> list[str]:
    if kind == TEXT:
        # Lengths in bytes, and behind one another the texts themselves.
        return [
            f"string_agg(int4send(coalesce(octet_length({name}), -1)), ''::bytea)",
            f"string_agg(convert_to({name}, 'UTF8'), ''::bytea)",
        ]
    return [f"string_agg({kind}send({name}), ''::bytea)"]


def _fetched(statement: str, params: Mapping[str, Any]) -> tuple[Any, ...]:
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    # Binary: bytes come as they are, not as twice as many digits.
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(statement.encode(), params, binary=True)
        row: tuple[Any, ...] | None = cursor.fetchone()
    assert row is not None, "an aggregate without groups has one row"
    return row


def _column(kind: str, count: int, parts: Any) -> Any:
    if kind == TEXT:
        lengths = np.frombuffer(next(parts) or b"", dtype=">i4").astype(np.int64)
        return _texts(lengths, next(parts) or b"")
    dtype = np.dtype(_WIDE[kind])
    data = next(parts) or b""
    if count * dtype.itemsize != len(data):
        raise ValueError("A column of the query holds NULL.")
    return np.frombuffer(data, dtype=dtype).astype(dtype.newbyteorder("="))


def _texts(lengths: npt.NDArray[np.int64], data: bytes) -> pa.Array:
    there = lengths >= 0
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(np.maximum(lengths, 0), out=offsets[1:])
    bitmap = pa.py_buffer(np.packbits(there, bitorder="little").tobytes())
    return pa.LargeStringArray.from_buffers(
        len(lengths), pa.py_buffer(offsets.tobytes()), pa.py_buffer(data), bitmap, int((~there).sum())
    )
