"""Rows as they come, into a Parquet file and into the hash of their canonical form."""

from __future__ import annotations

import hashlib
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotation.formats import jsonl
from annotation.formats.layout import Layout

# Lines that are in memory at once.
AT_ONCE = 8192
# Every value is another one: a dictionary of them would be made and thrown away.
_DIFFERENT = {"item_id", "annotation_id", "key", "payload", "created_at"}
_LISTS = {"strings"}


class Writer:
    def __init__(self, file: IO[bytes], layout: Layout) -> None:
        self._layout = layout
        self._digest = hashlib.sha256()
        self._parquet = pq.ParquetWriter(
            file,
            layout.arrow(),
            version="2.6",
            compression="zstd",
            compression_level=3,
            use_dictionary=_repeated(layout),
        )
        # How long the JSON lines are, and where in them each row group begins.
        self.length = 0
        self.begins: list[int] = []

    def write(self, table: pa.Table) -> None:
        """One row group."""
        if not len(table):
            return
        self.begins.append(self.length)
        for start in range(0, len(table), AT_ONCE):
            lines = jsonl.lines(table.slice(start, AT_ONCE), self._layout)
            self._digest.update(lines)
            self.length += len(lines)
        self._parquet.write_table(table, row_group_size=len(table))

    def close(self) -> None:
        self._parquet.close()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def _repeated(layout: Layout) -> list[str]:
    """The columns in which values come again, as Parquet names them."""
    found = []
    for column in layout.columns:
        if column.name in _DIFFERENT or column.kind in {"double", "counts", "shares"}:
            continue
        found.append(f"{column.name}.list.element" if column.kind in _LISTS else column.name)
    return found


def digest_of(file: Any) -> tuple[str, int]:
    """The SHA-256 of a whole file, and how long it is."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    return digest, int(file.tell())
