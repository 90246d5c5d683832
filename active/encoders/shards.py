"""The file format of embedded items: ids in order, which content each was made of, and one float16 row for each; under a
checksum, mapped into memory."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

MAGIC = b"Querent shard 2\n"
_LENGTH = struct.Struct("<Q")
# Rows begin where vector instructions like it.
_ALIGN = 64
# Bytes that are checked at a time.
_PIECE = 1 << 22
_LONGEST_HEADER = 1 << 16


class ShardDamaged(ValueError):
    """A shard's file is cut, changed, or none; the message names it."""


@dataclass(frozen=True, eq=False)
class Shard:
    """`items` (n,) ids, ascending; `vectors` (n, d) float16; `changes` (n,) the change of the payload that each row was made
    after, in microseconds since 1970, 0 where there was none. All mapped into memory and read-only."""

    items: Ids
    vectors: npt.NDArray[np.float16]
    # Fingerprint of the encoder, and SHA-256 of ids, changes and rows.
    encoder: str
    sha256: str
    changes: Ids

    def __len__(self) -> int:
        return len(self.items)


def write(
    stream: BinaryIO,
    items: Ids,
    rows: npt.NDArray[np.floating[Any]],
    *,
    encoder: str,
    changes: Ids | None = None,
) -> str:
    """Write a shard; its SHA-256. Without `changes` no payload has changed. Raises ValueError for ids that do not ascend, and,
    with the item's id, for a row that is not finite in float16."""
    ids = np.ascontiguousarray(items, dtype="<i8")
    made_after = np.zeros_like(ids) if changes is None else np.ascontiguousarray(changes, dtype="<i8")
    if rows.ndim != 2 or not len(ids) == len(made_after) == len(rows):
        raise ValueError(f"A shard has one row for each item, not {rows.shape} for {len(ids)}.")
    if len(ids) > 1 and not (np.diff(ids) > 0).all():
        raise ValueError("The ids of a shard ascend, each of them once.")
    half = _halves(ids, rows)
    digest = hashlib.sha256(ids.data)
    digest.update(made_after.data)
    digest.update(half.data)
    sha256 = digest.hexdigest()
    header = {"items": len(ids), "dimension": rows.shape[1], "encoder": encoder, "sha256": sha256}
    head = json.dumps(header, sort_keys=True).encode()
    stream.write(_padded(MAGIC + _LENGTH.pack(len(head)) + head))
    stream.write(_padded(ids.tobytes()))
    stream.write(_padded(made_after.tobytes()))
    stream.write(half.data)
    return sha256


def _halves(ids: Ids, rows: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float16]:
    with np.errstate(over="ignore"):
        half = np.ascontiguousarray(rows, dtype="<f2")
    # Of finite halves no sum in float32 overflows.
    sound = np.isfinite(half.sum(axis=1, dtype=np.float32))
    if not sound.all():
        item = int(ids[sound.argmin()])
        raise ValueError(f"The vector of item {item} holds NaN, infinity or a number beyond ±65,504.")
    return half


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGN)


def _aligned(length: int) -> int:
    return length + -length % _ALIGN


def open_shard(path: Path) -> Shard:
    """The shard in a file, mapped into memory. Raises ShardDamaged where that is impossible; `verify` looks closer."""
    with _reading(path) as stream:
        layout = _layout(stream, path)
    n, d = layout.items, layout.dimension
    if not n:
        none = np.zeros(0, dtype=np.int64)
        return Shard(none, np.zeros((0, d), dtype=np.float16), layout.encoder, layout.sha256, none)
    items = np.memmap(path, dtype="<i8", mode="r", offset=layout.ids_at, shape=(n,))
    changes = np.memmap(path, dtype="<i8", mode="r", offset=layout.changes_at, shape=(n,))
    vectors = np.memmap(path, dtype="<f2", mode="r", offset=layout.rows_at, shape=(n, d))
    return Shard(items, vectors, layout.encoder, layout.sha256, changes)


def verify(path: Path) -> None:
    """Read all of a shard. Raises ShardDamaged when its checksum is another one, its ids do not ascend, or a row is not
    finite.

    It is read and not mapped, so that it does not fill the memory of whoever looks.
    """
    with _reading(path) as stream:
        layout = _layout(stream, path)
        digest = hashlib.sha256()
        stream.seek(layout.ids_at)
        ids = stream.read(8 * layout.items)
        digest.update(ids)
        stream.seek(layout.changes_at)
        digest.update(stream.read(8 * layout.items))
        stream.seek(layout.rows_at)
        sound = True
        while piece := stream.read(_PIECE):
            digest.update(piece)
            sound = sound and bool(np.isfinite(np.frombuffer(piece, dtype="<f2")).all())
    if digest.hexdigest() != layout.sha256:
        raise ShardDamaged(f"{path.name} is damaged: its checksum is wrong.")
    # What another program wrote may have a right checksum and be wrong nevertheless.
    if not sound or not (np.diff(np.frombuffer(ids, dtype="<i8")) > 0).all():
        raise ShardDamaged(f"{path.name} cannot be used: a vector is not finite, or its ids do not ascend.")


@dataclass(frozen=True)
class _Layout:
    items: int
    dimension: int
    encoder: str
    sha256: str
    ids_at: int
    changes_at: int
    rows_at: int


def _layout(stream: BinaryIO, path: Path) -> _Layout:
    if stream.read(len(MAGIC)) != MAGIC:
        raise ShardDamaged(f"{path.name} is no shard of embedded items.")
    (length,) = _LENGTH.unpack(stream.read(_LENGTH.size))
    header = json.loads(stream.read(min(length, _LONGEST_HEADER)))
    n, d = int(header["items"]), int(header["dimension"])
    start = _aligned(len(MAGIC) + _LENGTH.size + length)
    changes = start + _aligned(n * 8)
    rows = changes + _aligned(n * 8)
    if path.stat().st_size != rows + n * d * 2:
        raise ShardDamaged(f"{path.name} is cut: {n} rows do not fit into it.")
    return _Layout(n, d, str(header["encoder"]), str(header["sha256"]), start, changes, rows)


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as stream:
            yield stream
    except ShardDamaged:
        raise
    except (OSError, struct.error, ValueError, KeyError, TypeError) as error:
        raise ShardDamaged(f"{path.name} cannot be read as a shard: {error}.") from error


def gather(shards: Iterable[Shard], items: Ids, dimension: int) -> tuple[npt.NDArray[np.bool_], Floats]:
    """The rows of these items: (n,) whether each is there, and (n, dimension) float32, zeros where it is not.

    In any order, repeated or not. Of an item in several shards the row of the last counts. Shards are looked at one after
    the other, so that they need not all be open at once. Raises ValueError for a shard of another dimension.
    """
    wanted = np.asarray(items, dtype=np.int64)
    order = np.argsort(wanted, kind="stable")
    ascending = wanted[order]
    found = np.zeros(len(wanted), dtype=bool)
    rows = np.zeros((len(wanted), dimension), dtype=np.float32)
    for shard in shards:
        if shard.vectors.shape[1] != dimension:
            raise ValueError(f"A shard has {shard.vectors.shape[1]} dimensions, not {dimension}.")
        if not len(shard):
            continue
        first, last = np.searchsorted(ascending, [shard.items[0], shard.items[-1] + 1])
        place = np.searchsorted(shard.items, ascending[first:last])
        here = shard.items[place] == ascending[first:last]
        to = order[first:last][here]
        rows[to] = shard.vectors[place[here]]
        found[to] = True
    return found, rows
