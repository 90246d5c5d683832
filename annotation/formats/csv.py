"""CSV as RFC 4180 has it. Whole columns become cells and rows inside Arrow, which is many times faster than row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import orjson

from annotation.formats.base import Format, Manifest, Mark, Piece, first_group
from annotation.formats.layout import Column, Layout
from annotation.formats.master import Master

BOM = b"\xef\xbb\xbf"
# What spreadsheets run when a cell begins with it.
FORMULA = r"^[-=+@\t\r]"
SEPARATOR = "|"

Cell = tuple[str, Any]


def _write(safe: bool, master: Master, manifest: Manifest, marks: Sequence[Mark]) -> Iterator[Piece]:
    if not marks:
        yield _head(master.layout, safe)
    for group in range(first_group(marks), master.groups):
        yield Mark(group)
        for batch in master.batches(group):
            yield _rows(batch, master.layout, safe)


def header(layout: Layout) -> list[str]:
    return [name for column in _columns(layout) for name in _names(column)]


def _columns(layout: Layout) -> list[Column]:
    """Those of the master; instead of the payload as a whole, every field that the schema names, hidden ones too."""
    if not layout.fields:
        return list(layout.columns)
    place = [column.name for column in layout.columns].index("payload")
    typed = {column.name: column for column in layout.columns}
    names = [(f"payload.{field['name']}", field["name"]) for field in layout.fields]
    fields = [typed.get(name) or Column(name, "string", "Hidden.", of) for name, of in names]
    rest = layout.columns[place + 1 + len(layout.shown) :]
    return [*layout.columns[:place], *fields, *rest]


def _names(column: Column) -> list[str]:
    if column.kind == "counts":
        return [f"{column.name}.{label}" for label in column.labels]
    return [column.name]


def _head(layout: Layout, safe: bool) -> bytes:
    import pyarrow as pa

    cells = _text(pa.array(header(layout), pa.large_string()), safe).to_pylist()
    return (BOM if safe else b"") + ",".join(cells).encode() + b"\r\n"


def _rows(batch: Any, layout: Layout, safe: bool) -> bytes:
    cells = [cell for column in _columns(layout) for cell in _cells(batch, column, safe)]
    rows = _joined(*cells, by=",", null_handling="replace", null_replacement="")
    ended = _joined(rows, "\r\n")
    _, ends, data = ended.buffers()
    return data.slice(0, memoryview(ends).cast("q")[len(ended)]).to_pybytes() if len(ended) else b""


def _cells(batch: Any, column: Column, safe: bool) -> Iterator[Any]:
    """The cells of a column, as text; null where there is no value, which no quotation marks tell from an empty text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.name.startswith("payload."):
        yield _field(batch, column, safe)
    elif column.kind == "counts":
        for place in range(len(column.labels)):
            yield pc.struct_field(batch.column(column.name), [place]).cast(pa.large_string())
    else:
        yield _MAKERS[column.kind](batch.column(column.name), safe)


def _field(batch: Any, column: Column, safe: bool) -> Any:
    """A field of the payload: what has no place in a typed column, for it is hidden or of another type, as text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.name in batch.schema.names:
        cells = _MAKERS[column.kind](batch.column(column.name), safe)
    else:
        cells = pa.nulls(len(batch), pa.large_string())
    if not cells.null_count:
        return cells
    missing = pc.is_null(cells)
    payloads = batch.column("payload").filter(missing).to_pylist()
    found = [_as_text(orjson.loads(payload).get(column.of)) for payload in payloads]
    return pc.replace_with_mask(cells, missing, _text(pa.array(found, pa.large_string()), safe))


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def _plain(column: Any, safe: bool) -> Any:
    import pyarrow as pa

    return column.cast(pa.large_string())


def _text(column: Any, safe: bool) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = column.cast(pa.large_string())
    if safe:
        column = pc.if_else(pc.match_substring_regex(column, FORMULA), _joined("'", column), column)
    return _joined('"', pc.replace_substring(column, '"', '""'), '"')


def _joined(*parts: Any, by: str = "", **options: Any) -> Any:
    """Columns and constants put together row by row; null where one of them is, unless told."""
    import pyarrow as pa
    import pyarrow.compute as pc

    made = [pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in (*parts, by)]
    return pc.binary_join_element_wise(*made, **options)


def _list(column: Any, safe: bool) -> Any:
    """One cell, separated by bars; a bar or backslash inside a label has a backslash before it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    said = column.flatten().cast(pa.large_string())
    for special in ("\\", SEPARATOR):
        said = pc.replace_substring(said, special, f"\\{special}")
    sizes = pc.fill_null(pc.list_value_length(column), 0).cast(pa.int64())
    begins = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(sizes)])
    bar = pa.scalar(SEPARATOR, pa.large_string())
    joined = pc.binary_join(pa.LargeListArray.from_arrays(begins, said), bar)
    return _text(pc.if_else(column.is_valid(), joined, pa.scalar(None, pa.large_string())), safe)


def _time(column: Any, safe: bool) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.replace_substring(column.cast(pa.large_string()), " ", "T")


def _shares(column: Any, safe: bool) -> Any:
    """As JSON: labels are too many, and too various, to be columns."""
    import pyarrow as pa

    said = [
        None
        if shares is None
        else orjson.dumps({label: share for label, share in shares.items() if share is not None}).decode()
        for shares in column.to_pylist()
    ]
    return _text(pa.array(said, pa.large_string()), safe)


_MAKERS: dict[str, Callable[[Any, bool], Any]] = {
    "int64": _plain,
    "int32": _plain,
    "double": _plain,
    "bool": _plain,
    "string": _text,
    "json": _text,
    "strings": _list,
    "time": _time,
    "shares": _shares,
}


def _lacking(layout: Layout) -> list[str]:
    if not layout.fields:
        return []
    return ["What an item has beside the fields that the schema names; JSON lines and Parquet have it."]


def _format(name: str, title: str, about: str, *, safe: bool) -> Format:
    return Format(
        name=name,
        title=title,
        about=about,
        ending="csv",
        content_type="text/csv; charset=utf-8",
        lacking=_lacking,
        write=partial(_write, safe),
        # An opening quotation mark that nothing closes.
        broken=b'"!! THE FILE BROKE OFF HERE: the rows above are good, but there are more. Download it again.\r\n',
    )


CSV = _format("csv", "CSV", "A header and one row a line, character by character as it was said.", safe=False)
SAFE_CSV = _format(
    "csv-safe",
    "CSV for spreadsheets",
    "With an apostrophe before what a spreadsheet would run as a formula, and a byte order mark.",
    safe=True,
)
