"""The Parquet file of a snapshot, opened: its layout, and its rows in small batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from annotation.formats.layout import Layout

# Rows that are in memory at once: enough that the work on columns is worth it.
BATCH = 8192


class Master:
    """Reads from a path, or from a file that is open and can seek. Raises ArrowInvalid for what is no whole Parquet file."""

    def __init__(self, file: Any) -> None:
        import pyarrow.parquet as pq

        self._parquet = pq.ParquetFile(file)
        self.layout = Layout.of_file(self._parquet.schema_arrow)

    @property
    def rows(self) -> int:
        return int(self._parquet.metadata.num_rows)

    @property
    def groups(self) -> int:
        return int(self._parquet.num_row_groups)

    def rows_of(self, group: int) -> int:
        return int(self._parquet.metadata.row_group(group).num_rows)

    def size_of(self, group: int) -> int:
        """Bytes before compression."""
        return int(self._parquet.metadata.row_group(group).total_byte_size)

    def batches(
        self, group: int, columns: Sequence[str] | None = None, *, most: int = BATCH
    ) -> Iterator[Any]:
        """The rows of a row group in order, as record batches."""
        return iter(self._parquet.iter_batches(most, row_groups=[group], columns=columns))

    def column(self, group: int, name: str) -> Any:
        """One column of a row group as a whole."""
        return self._parquet.read_row_group(group, columns=[name]).column(0)

    def last(self, group: int, name: str) -> Any:
        """The last value of a column in a row group."""
        column = self.column(group, name)
        return column[len(column) - 1].as_py() if len(column) else None

    def close(self) -> None:
        self._parquet.close(force=True)
