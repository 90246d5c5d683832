"""Parquet, by batches of rows. pyarrow is loaded only here, so that the web process stays small."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from annotation.importing.features import hints_of, naming
from annotation.importing.records import FileFault, Layout, Limits, MiB, Record, Refused, Source

_BATCH_BYTES = 4 * MiB
_MOST_ROWS = 2_000


def read(source: Source, layout: Layout, limits: Limits) -> Iterator[Record]:
    """Each row's values by column, as JSON can hold them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(source.file, buffer_size=MiB, pre_buffer=False)
        _check(file.schema_arrow, limits)
        source.hints.update(hints_of(file.schema_arrow.metadata))
        total = max(file.metadata.num_rows, 1)
        rows = 0
        for batch in file.iter_batches(batch_size=_rows_at_once(file), use_threads=False):
            rows += batch.num_rows
            yield from _named(batch, source)
            source.done = source.size * rows // total
    except (pa.ArrowException, OSError) as error:
        raise FileFault(
            f"The Parquet file cannot be read: {str(error).rstrip('.')}. It may be cut off or damaged."
        ) from error


def read_arrow(source: Source, layout: Layout, limits: Limits) -> Iterator[Record]:
    """The same of an Arrow stream or file, as data sets are saved to disk."""
    import pyarrow as pa

    try:
        try:
            batches = iter(pa.ipc.open_stream(source.file))
        except pa.ArrowInvalid:
            source.file.seek(0)
            file = pa.ipc.open_file(source.file)
            batches = (file.get_batch(place) for place in range(file.num_record_batches))
        checked = False
        for batch in batches:
            if not checked:
                checked = True
                _check(batch.schema, limits)
                source.hints.update(hints_of(batch.schema.metadata))
            for start in range(0, batch.num_rows, _MOST_ROWS):
                yield from _named(batch.slice(start, _MOST_ROWS), source)
    except (pa.ArrowException, OSError) as error:
        raise FileFault(
            f"The Arrow file cannot be read: {str(error).rstrip('.')}. It may be cut off or damaged."
        ) from error


def _named(batch: Any, source: Source) -> Iterator[Record]:
    """The rows, with the names of labels in the place of their numbers."""
    named = naming(source.hints)
    for row in _records(batch):
        yield row if named is None or isinstance(row, Refused) else named(row)


def _check(schema: Any, limits: Limits) -> None:
    names = schema.names
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
