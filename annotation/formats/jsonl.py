"""JSON lines: one object a row. These bytes are the canonical form of a snapshot, whose SHA-256 names it.

Whole columns are turned into JSON by Arrow and glued together there: several times faster than an object for each row. The
bytes depend on the rows alone, never on how they were cut into tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from annotation.formats.layout import Column, Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

NULL = b"null"
# What cannot stand in a JSON string as it is, as bytes.
_QUOTE, _BACKSLASH, _FIRST_PLAIN = 0x22, 0x5C, 0x20
# Whole numbers up to here are written without a point, as answers have them.
_EXACT = 2.0**53


def lines(table: Any, layout: Layout) -> bytes:
    """The rows of a table (columns as in `layout`) as JSON lines."""
    own = _consensus if layout.rows == "consensus" else _annotation
    pieces = [*_item(table, layout), *own(table, layout), b"}\n"]
    return bytes(_bytes_of(_join(pieces, len(table))))


def _item(table: Any, layout: Layout) -> list[Any]:
    return [
        *_first("item_id", _json(table, "int64", "item_id")),
        *_pair("key", _json(table, "string", "key")),
        *_pair("dataset", _json(table, "string", "dataset")),
        *_pair("state", _json(table, "string", "state")),
        *(_pair("split", _json(table, "string", "split")) if layout.parts else ()),
        *_pair("payload", _json(table, "json", "payload")),
    ]


def _consensus(table: Any, layout: Layout) -> list[Any]:
    columns = {column.name: column for column in layout.columns}
    said = [_said(table, columns, question["name"]) for question in layout.questions]
    # Each begins with a comma; the first one's is cut off.
    joined = pc.binary_replace_slice(_join([*said, b""], len(table)), 0, 1, b"")
    return [
        *_pair("tags", _json(table, "strings", "tags")),
        b',"consensus":{',
        joined,
        b"}",
        *_pair("annotators", _json(table, "strings", "annotators")),
        *_probable(table, layout, columns),
    ]


def _probable(table: Any, layout: Layout, columns: dict[str, Column]) -> list[Any]:
    """By question, only those of which machines say something."""
    if not layout.judged:
        return []
    said = []
    for question, _ in layout.judged:
        shares = columns[f"probable.{question}"]
        told = _join([b"," + orjson.dumps(question) + b":", _told(table, shares)], len(table))
        there = pc.is_valid(_column(table, shares.name))
        said.append(pc.if_else(there, told, pa.scalar(b"", pa.large_binary())))
    joined = pc.binary_replace_slice(_join([*said, b""], len(table)), 0, 1, b"")
    return [b',"probable":{', joined, b"}"]


def _told(table: Any, shares: Column) -> Any:
    return _json(table, "json", shares.name) if shares.kind == "json" else _struct(table, shares)


def _said(table: Any, columns: dict[str, Column], question: str) -> Any:
    """The consensus on one question, behind a comma; empty where there is none."""
    value = columns[f"consensus.{question}"]
    pieces = [
        b"," + orjson.dumps(question) + b":{",
        *_first("value", _json(table, value.kind, value.name), start=b""),
        *_pair("confidence", _json(table, "double", f"confidence.{question}")),
        *_pair("status", _json(table, "string", f"status.{question}")),
        *_pair("method", _json(table, "string", f"method.{question}")),
        *_pair("votes", _json(table, "int32", f"votes.{question}")),
        *_pair("run", _json(table, "int64", f"run.{question}")),
        *_pair("sources", _struct(table, columns[f"sources.{question}"])),
    ]
    if (shares := columns.get(f"probabilities.{question}")) is not None:
        pieces += _pair("probabilities", _told(table, shares))
    whole = _join([*pieces, b"}"], len(table))
    there = pc.is_valid(_column(table, f"status.{question}"))
    return pc.if_else(there, whole, pa.scalar(b"", pa.large_binary()))


def _annotation(table: Any, layout: Layout) -> list[Any]:
    plain = [column for column in layout.columns if not column.of]
    own = plain[[column.name for column in plain].index("payload") + 1 :]
    pieces: list[Any] = []
    for column in own:
        told = _pair(column.name, _json(table, column.kind, column.name))
        if column.name in {"given", "lacking", "kept"}:
            # Most rows have none, and do not say so.
            there = pc.is_valid(_column(table, column.name))
            told = [pc.if_else(there, _join(told, len(table)), pa.scalar(b"", pa.large_binary()))]
        pieces += told
    return pieces


def _first(name: str, value: Any, start: bytes = b"{") -> list[Any]:
    return [start + orjson.dumps(name) + b":", value]


def _pair(name: str, value: Any) -> list[Any]:
    return [b"," + orjson.dumps(name) + b":", value]


def _struct(table: Any, column: Column) -> Any:
    """{label: number}, without the labels that are null."""
    struct = _column(table, column.name)
    kind = "int32" if column.kind == "counts" else "double"
    pieces = []
    for place, label in enumerate(column.labels):
        inner = struct.field(place)
        told = _join([b"," + orjson.dumps(label) + b":", _written(inner, kind)], len(inner))
        pieces.append(pc.if_else(pc.is_valid(inner), told, pa.scalar(b"", pa.large_binary())))
    joined = pc.binary_replace_slice(_join([*pieces, b""], len(struct)), 0, 1, b"")
    return _join([b"{", joined, b"}"], len(struct))


def _column(table: Any, name: str) -> Any:
    column = table.column(name).combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) and column.num_chunks == 1 else column


def _json(table: Any, kind: str, name: str) -> Any:
    return _written(_column(table, name), kind)


def _written(column: Any, kind: str) -> Any:
    """A column's values as JSON, bytes each; null where there is none."""
    return pc.fill_null(_WRITERS[kind](column), pa.scalar(NULL, pa.large_binary()))


def _binary(column: Any) -> Any:
    return column.cast(pa.large_string()).cast(pa.large_binary())


def _whole(column: Any) -> Any:
    return _binary(column)


def _truth(column: Any) -> Any:
    true, false = pa.scalar(b"true", pa.large_binary()), pa.scalar(b"false", pa.large_binary())
    return pc.if_else(column, true, false)


def _moment(column: Any) -> Any:
    """2026-01-31T12:00:00.000000Z."""
    text = column.cast(pa.timestamp("us", "UTC")).cast(pa.large_string()).cast(pa.large_binary())
    return _quoted(pc.binary_replace_slice(text, 10, 11, b"T"))


def _number(column: Any) -> Any:
    """The shortest that says exactly this number; whole ones without a point."""
    floats = np.asarray(column.to_numpy(zero_copy_only=False), dtype=float)
    if not len(floats):
        return pa.array([], pa.large_binary())
    # A null is NaN here, which JSON writes as null.
    written = orjson.dumps(floats, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    whole = (floats == np.floor(floats)) & (np.abs(floats) < _EXACT)
    for place in np.flatnonzero(whole).tolist():
        written[place] = b"%d" % int(floats[place])
    return pa.array(written, pa.large_binary())


def _text(column: Any) -> Any:
    """As JSON strings; most need nothing but quotation marks."""
    plain = _binary(column)
    if not _is_plain(plain):
        told = [None if one is None else orjson.dumps(one) for one in column.to_pylist()]
        return pa.array(told, pa.large_binary())
    return _quoted(plain)


def _quoted(column: Any) -> Any:
    mark = pa.scalar(b'"', pa.large_binary())
    return pc.binary_join_element_wise(mark, column, mark, pa.scalar(b"", pa.large_binary()))


def _is_plain(column: Any) -> bool:
    """Whether no value has a byte that JSON writes otherwise."""
    data = np.frombuffer(_bytes_of(column), dtype=np.uint8)
    return not bool(((data < _FIRST_PLAIN) | (data == _QUOTE) | (data == _BACKSLASH)).any())


def _texts(column: Any) -> Any:
    lists = column.cast(pa.large_list(pa.large_string()))
    told = _text(lists.flatten())
    sizes = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int64())
    joined = pc.binary_join(pa.LargeListArray.from_arrays(offsets, told), pa.scalar(b",", pa.large_binary()))
    marks = [pa.scalar(mark, pa.large_binary()) for mark in (b"[", b"]", b"")]
    listed = pc.binary_join_element_wise(marks[0], joined, marks[1], marks[2])
    return pc.if_else(lists.is_valid(), listed, pa.scalar(None, pa.large_binary()))


_WRITERS = {
    "int64": _whole,
    "int32": _whole,
    "double": _number,
    "bool": _truth,
    "string": _text,
    "strings": _texts,
    "time": _moment,
    "json": _binary,
}


def _join(pieces: Sequence[Any], length: int) -> Any:
    """Columns and constants glued row by row."""
    made = [pa.scalar(piece, pa.large_binary()) if isinstance(piece, bytes) else piece for piece in pieces]
    glued = pc.binary_join_element_wise(*made, pa.scalar(b"", pa.large_binary()))
    return pa.repeat(glued, length) if isinstance(glued, pa.Scalar) else glued


def _bytes_of(column: Any) -> Any:
    """The bytes of all values, one after the other. A null's are none: nothing here leaves bytes behind one."""
    buffers = column.buffers()
    if not len(column) or buffers[2] is None:
        return pa.py_buffer(b"")
    offsets = np.frombuffer(buffers[1], dtype=np.int64)[column.offset : column.offset + len(column) + 1]
    return buffers[2].slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
