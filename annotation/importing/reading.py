"""The readers by format. The one place that knows them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from annotation.importing import archives, delimited, excel, folders, jsonarray, jsonlines, parquet
from annotation.importing.records import FileFault, Layout, Limits, Record, Source

READERS: dict[str, Callable[[Source, Layout, Limits], Iterator[Record]]] = {
    "csv": delimited.read,
    "tsv": delimited.read,
    "jsonl": jsonlines.read,
    "json": jsonarray.read,
    "parquet": parquet.read,
    "excel": excel.read,
    "folder": folders.read,
    "zip": archives.read,
}


def read(source: Source, layout: Layout, limits: Limits) -> Iterator[Record]:
    """Each row of the file, from its beginning. Raises FileFault where the file cannot be read on."""
    source.file.seek(0)
    source.done = 0
    return READERS[layout.format](source, layout, limits)


def first_rows(source: Source, layout: Layout, limits: Limits, count: int) -> list[Record]:
    """The first rows; fewer where the file breaks off, none where it cannot be read at all."""
    found: list[Record] = []
    try:
        found.extend(islice(read(source, layout, limits), count))
    except FileFault:
        # list.extend keeps what came before the fault.
        if not found:
            raise
    return found


def columns_of(rows: list[Record]) -> list[str]:
    """All columns that these rows have, in the order of their first appearance."""
    return list(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))
