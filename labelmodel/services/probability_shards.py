"""Probable labels of a block as bytes: ids as steps, chances in half precision by column, packed."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
# Rows, labels, length of the ids.
_HEAD = struct.Struct("<III")
_LEVEL = 3


@dataclass(frozen=True, eq=False)
class Probable:
    """What functions say of items, votes alone: `posterior` (n, k) adds up to 1, or of a set is each label's chance by itself."""

    items: Ids  # (n,) ascending
    posterior: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.items)

    def at(self, rows: npt.NDArray[np.bool_] | Ids) -> Probable:
        return Probable(self.items[rows], self.posterior[rows])


def pack(items: Ids, posterior: npt.NDArray[np.floating[Any]]) -> bytes:
    """Items ascending, (n,), with their chances, (n, k)."""
    steps = np.diff(items, prepend=0).astype("<i8").tobytes()
    ids = zlib.compress(steps, _LEVEL)
    chances = np.ascontiguousarray(posterior.T, dtype="<f2").tobytes()
    return _HEAD.pack(len(items), posterior.shape[1], len(ids)) + ids + zlib.compress(chances, _LEVEL)


def unpack(data: bytes | memoryview, *, is_set: bool = False) -> Probable:
    """What pack made. ValueError for bytes that are none."""
    data = bytes(data)
    try:
        rows, labels, length = _HEAD.unpack_from(data)
        steps = np.frombuffer(zlib.decompress(data[_HEAD.size : _HEAD.size + length]), dtype="<i8")
        chances = np.frombuffer(zlib.decompress(data[_HEAD.size + length :]), dtype="<f2")
    except (struct.error, zlib.error) as error:
        raise ValueError("These bytes are no probable labels.") from error
    if len(steps) != rows or len(chances) != rows * labels:
        raise ValueError("These bytes are no probable labels.")
    posterior = chances.reshape(labels, rows).T.astype(np.float32)
    if not is_set and rows:
        # Half precision leaves them a thousandth off.
        posterior /= posterior.sum(axis=1, keepdims=True)
    return Probable(np.cumsum(steps).astype(np.int64), posterior)
