"""The file format of embedded items: ids in order and one float16 row for each, under a checksum, mapped into memory."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

MAGIC = b"Querent shard 1\n"
_LENGTH = struct.Struct("<Q")
# Rows begin where vector instructions like it.
_ALIGN = 64
# Bytes that are checked at a time.
_PIECE = 1 << 22


class ShardDamaged(ValueError):
    """A shard's file is cut, changed, or none; the message names it."""


@dataclass(frozen=True, eq=False)
class Shard:
    """`items` (n,) ids, ascending; `vectors` (n, d) float16; both mapped into memory and read-only."""

    items: Ids
    vectors: npt.NDArray[np.float16]
    # Fingerprint of the encoder, and SHA-256 of ids and rows.
    encoder: str
    sha256: str

    def __len__(self) -> int:
        return len(self.items)


def write(stream: BinaryIO, items: Ids, rows: Floats, *, encoder: str) -> str:
    """Write a shard; its SHA-256. Raises ValueError for ids that do not ascend, and, with the item's id, for a row that is
    not finite in float16."""
    ids = np.ascontiguousarray(items, dtype="<i8")
    if rows.ndim != 2 or len(ids) != len(rows):
        raise ValueError(f"A shard has one row for each item, not {rows.shape} for {len(ids)}.")
    if len(ids) > 1 and not (np.diff(ids) > 0).all():
        raise ValueError("The ids of a shard ascend, each of them once.")
    with np.errstate(over="ignore"):
        half = np.ascontiguousarray(rows, dtype="<f2")
    if (wrong := _first_wrong(half)) is not None:
        raise ValueError(
            f"The vector of item {int(ids[wrong])} holds NaN, infinity or a number beyond ±65,504."
        )
    sha256 = hashlib.sha256(ids.tobytes() + half.tobytes()).hexdigest()
    header = {"items": len(ids), "dimension": rows.shape[1], "encoder": encoder, "sha256": sha256}
    head = json.dumps(header, sort_keys=True).encode()
    stream.write(_padded(MAGIC + _LENGTH.pack(len(head)) + head))
    stream.write(_padded(ids.tobytes()))
    stream.write(half.tobytes())
    return sha256


def _first_wrong(rows: npt.NDArray[np.float16]) -> int | None:
    """The first row that is not finite."""
    # Of finite halves no sum in float32 overflows.
    sound = np.isfinite(rows.sum(axis=1, dtype=np.float32))
    return None if sound.all() else int(sound.argmin())


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGN)


def open_shard(path: Path) -> Shard:
    """The shard in a file, mapped into memory. Raises ShardDamaged where that is impossible; `verify` looks closer."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(MAGIC)) != MAGIC:
                raise ShardDamaged(f"{path.name} is no shard of embedded items.")
            (length,) = _LENGTH.unpack(stream.read(_LENGTH.size))
            header = json.loads(stream.read(length))
        n, d = header["items"], header["dimension"]
        start = len(_padded(bytes(len(MAGIC) + _LENGTH.size + length)))
        rows = start + n * 8 + -(n * 8) % _ALIGN
        if path.stat().st_size != rows + n * d * 2:
            raise ShardDamaged(f"{path.name} is cut: {n} rows do not fit into it.")
    except (OSError, struct.error, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ShardDamaged):
            raise
        raise ShardDamaged(f"{path.name} cannot be read as a shard: {error}.") from error
    if not n:
        empty = np.zeros((0, d), dtype=np.float16)
        return Shard(np.zeros(0, dtype=np.int64), empty, header["encoder"], header["sha256"])
    items = np.memmap(path, dtype="<i8", mode="r", offset=start, shape=(n,))
    vectors = np.memmap(path, dtype="<f2", mode="r", offset=rows, shape=(n, d))
    return Shard(items, vectors, header["encoder"], header["sha256"])


def verify(shard: Shard, name: str) -> None:
    """Read all of it. Raises ShardDamaged when the checksum is another one, ids do not ascend, or a row is not finite."""
    digest = hashlib.sha256()
    digest.update(shard.items.tobytes())
    step = max(1, _PIECE // max(1, 2 * shard.vectors.shape[1]))
    wrong = None
    for first in range(0, len(shard), step):
        rows = shard.vectors[first : first + step]
        digest.update(rows.tobytes())
        if wrong is None and (found := _first_wrong(rows)) is not None:
            wrong = int(shard.items[first + found])
    if digest.hexdigest() != shard.sha256:
        raise ShardDamaged(f"{name} is damaged: its checksum is wrong.")
    # What other programs wrote may have a right checksum and be wrong nevertheless.
    if wrong is not None:
        raise ShardDamaged(f"{name} cannot be used: the vector of item {wrong} is not finite.")
    if not (np.diff(shard.items) > 0).all():
        raise ShardDamaged(f"{name} cannot be used: its ids do not ascend.")


def gather(shards: Sequence[Shard], items: Ids) -> tuple[npt.NDArray[np.bool_], Floats]:
    """The rows of these items: (n,) whether each is there, and (n, d) float32, zeros where it is not.

    In any order, repeated or not. Of an item in several shards the row of the last counts. Raises ValueError when the
    shards differ in their dimension.
    """
    if len({shard.vectors.shape[1] for shard in shards}) > 1:
        raise ValueError("These shards differ in their dimension: they come from several encoders.")
    wanted = np.asarray(items, dtype=np.int64)
    order = np.argsort(wanted, kind="stable")
    ascending = wanted[order]
    found = np.zeros(len(wanted), dtype=bool)
    rows = np.zeros((len(wanted), shards[0].vectors.shape[1] if shards else 0), dtype=np.float32)
    for shard in shards:
        if not len(shard):
            continue
        first, last = np.searchsorted(ascending, [shard.items[0], shard.items[-1] + 1])
        place = np.searchsorted(shard.items, ascending[first:last])
        here = shard.items[place] == ascending[first:last]
        to = order[first:last][here]
        rows[to] = shard.vectors[place[here]]
        found[to] = True
    return found, rows
