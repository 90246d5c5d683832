"""An uploaded table becomes a Parquet file with columns of text, in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import IO, Any

from django.core.files import File

from annotation.errors import Fault, InvalidInput, TooLarge
from annotation.importing import detecting
from annotation.importing.reading import read
from annotation.importing.records import FileFault, Layout, Limits, Refused, Source

MOST_MB = 50
MOST_ROWS = 1_000_000
MOST_COLUMNS = 50
MOST_CHARACTERS = 1_000
# Of the finished file: a worker reads it whole.
MOST_PACKED_MB = 50
READ = ("csv", "tsv", "jsonl", "json")
_ROWS_AT_ONCE = 50_000
LIMITS = (
    f"A table has at most {MOST_MB} MB, {MOST_ROWS:,} rows, {MOST_COLUMNS} columns and {MOST_CHARACTERS:,} "
    "characters in a cell"
)


def pack(upload: File[bytes], name: str, out: IO[bytes], header: bool | None) -> tuple[list[str], int]:
    """Write the rows as Parquet, in bounded memory; the columns, and how many rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = Source(upload, upload.size or 0)
    try:
        layout = _layout(source, name, header)
        rows = _rows(read(source, layout, Limits(row_bytes=2**20, columns=MOST_COLUMNS)))
        columns = list(next(rows))
        schema = pa.schema([(column, pa.string()) for column in columns])
        count = 0
        with pq.ParquetWriter(out, schema, compression="zstd") as writer:
            for part in _parts(rows):
                count += len(part)
                data = {column: [row.get(column) for row in part] for column in columns}
                writer.write_table(pa.table(data, schema=schema))
    except FileFault as error:
        raise InvalidInput(str(error), faults=[Fault(("file",), str(error))]) from error
    return columns, count


def _layout(source: Source, name: str, header: bool | None) -> Layout:
    say = f"A table is read from {', '.join(READ)}. Save it as CSV (UTF-8) first."
    try:
        layout = detecting.detect(source, name)
    except detecting.NotText as error:
        raise FileFault(f"This is not a text file. {say}") from error
    if layout.format not in READ:
        raise FileFault(say)
    return layout if header is None else replace(layout, header=header)


def _rows(records: Iterator[Any]) -> Iterator[dict[str, str | None]]:
    """The columns first, as a row of their own, then the cells of each row."""
    columns: dict[str, str | None] = {}
    for number, row in enumerate(records, 1):
        if number > MOST_ROWS:
            raise too_large()
        cells = _cells(number, row)
        if number == 1:
            columns = dict.fromkeys(cells)
            yield columns
        if unknown := cells.keys() - columns.keys():
            name = min(unknown)[:80]
            raise FileFault(
                f"Row {number:,} has a column “{name}” that the first row lacks. Give all rows the same."
            )
        yield cells
    if not columns:
        raise FileFault("The file has no rows.")


def _parts(rows: Iterator[dict[str, str | None]]) -> Iterator[list[dict[str, str | None]]]:
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        yield part


def _cells(number: int, row: Any) -> dict[str, str | None]:
    if isinstance(row, Refused):
        raise FileFault(f"Row {number:,} cannot be read. {row.message}")
    cells = {name: _text(value) for name, value in row.items()}
    for name, text in cells.items():
        if text is not None and len(text) > MOST_CHARACTERS:
            raise FileFault(
                f"Row {number:,} has {len(text):,} characters in “{name[:80]}”; at most {MOST_CHARACTERS:,} are kept."
            )
    return cells


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        # Bytes that the encoding does not know come as half characters, which no file can hold.
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list):
        raise FileFault("A cell holds an object or a list. Give each value a column of its own.")
    return str(value)


def measured(packed: IO[bytes]) -> tuple[str, int]:
    """Its SHA-256 and its size. Raises TooLarge."""
    packed.seek(0)
    sha256 = hashlib.file_digest(packed, "sha256").hexdigest()  # type: ignore[arg-type]
    size = packed.tell()
    if size > MOST_PACKED_MB * 2**20:
        raise too_large()
    return sha256, size


def too_large() -> TooLarge:
    """Beyond LIMITS, with what to do."""
    message = f"{LIMITS}. Leave out what the function does not look up, or split it into several tables."
    return TooLarge(message, faults=[Fault(("file",), message)])
