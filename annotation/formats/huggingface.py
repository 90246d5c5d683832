"""A folder as `datasets.load_dataset` reads it: Parquet files by part of the split, with features, and a data set card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from annotation.formats import card
from annotation.formats.base import Format, Manifest, Mark, Piece
from annotation.formats.features import converted, schema
from annotation.formats.layout import Layout
from annotation.formats.master import BATCH, Master
from annotation.formats.shards import Shard, batches_of, chunked, shards_of
from annotation.formats.zipped import Member, Pipe, zipped

# A file is read as a whole to send the end of it: many smaller ones are quicker to take up again.
MOST_ROWS = 131_072
MOST_BYTES = 256 * 2**20


def _write(master: Master, manifest: Manifest, marks: Sequence[Mark]) -> Iterator[Piece]:
    shards = shards_of(master, chunked(master, MOST_ROWS, MOST_BYTES))
    members: list[Member] = [("README.md", lambda: [card.of(master.layout, manifest, shards)])]
    members += [(f"data/{shard.path('parquet')}", partial(_file, master, shard)) for shard in shards]
    yield from zipped(members, marks)


def _file(master: Master, shard: Shard) -> Iterator[bytes]:
    """The Parquet file of a shard, in row groups that are small enough to be made in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pipe = Pipe()
    own = schema(master.layout)
    with pq.ParquetWriter(pipe, own, compression="zstd", compression_level=1) as writer:
        for table in _gathered(batches_of(master, shard), pa):
            writer.write_table(converted(table, master.layout, own))
            yield pipe.taken()
    yield pipe.taken()


def _gathered(batches: Iterator[Any], pa: Any) -> Iterator[Any]:
    """Tables of a good size: a small part of the split leaves few rows of each batch."""
    held: list[Any] = []
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) >= BATCH:
            yield pa.Table.from_batches(held)
            held = []
    if sum(map(len, held)):
        yield pa.Table.from_batches(held)


def _lacking(layout: Layout) -> list[str]:
    return ["Labels that the questions no longer have: they are left empty."]


HUGGINGFACE = Format(
    name="huggingface",
    title="Hugging Face datasets",
    about="A zip with a data set card and Parquet files by split; load_dataset gives class labels and features.",
    ending="zip",
    content_type="application/zip",
    lacking=_lacking,
    write=_write,
    packages=("pyarrow",),
)
