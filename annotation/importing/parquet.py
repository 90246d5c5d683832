"""Parquet, by batches of rows. pyarrow is loaded only here, so that the web process stays small."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from annotation.importing.records import FileFault, Layout, Limits, MiB, Record, Refused, Source

_BATCH_BYTES = 4 * MiB
_MOST_ROWS = 2_000


def read(source: Source, layout: Layout, limits: Limits) -> Iterator[Record]:
    """Each row's values by column, as JSON can hold them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(source.file, buffer_size=MiB, pre_buffer=False)
        _check(file, limits)
        total = max(file.metadata.num_rows, 1)
        rows = 0
        for batch in file.iter_batches(batch_size=_rows_at_once(file), use_threads=False):
            rows += batch.num_rows
            yield from _records(batch)
            source.done = source.size * rows // total
    except (pa.ArrowException, OSError) as error:
        raise FileFault(f"The Parquet file cannot be read: {error}. It may be cut off or damaged.") from error


def _check(file: Any, limits: Limits) -> None:
    names = file.schema_arrow.names
    if len(names) > limits.columns:
        raise FileFault(
            f"The file has {len(names):,} columns; at most {limits.columns:,} are read. Leave some out."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileFault(f"Two columns are called '{twice[0][:80]}'. Rename one of them.")


def _rows_at_once(file: Any) -> int:
    meta = file.metadata
    size = sum(meta.row_group(place).total_byte_size for place in range(meta.num_row_groups))
    row = max(size // max(meta.num_rows, 1), 1)
    return int(min(max(_BATCH_BYTES // row, 1), _MOST_ROWS))


def _records(batch: Any) -> Iterator[Record]:
    try:
        rows = batch.to_pylist()
    except (UnicodeDecodeError, ValueError, OverflowError):
        if batch.num_rows > 1:
            for place in range(batch.num_rows):
                yield from _records(batch.slice(place, 1))
        else:
            yield Refused("A value cannot be read as text, number or time. Convert it to one of these.")
    else:
        yield from rows


def as_json(value: Any) -> Any:
    """orjson's `default`: what it does not know by itself. Raises TypeError for what JSON cannot hold."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError("bytes" if isinstance(value, bytes) else type(value).__name__)
