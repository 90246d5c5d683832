"""Reading embeddings, whatever their float type and wherever they lie, as float32 in blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from active.acquisition.pool import FloatArray, IntArray
from active.acquisition.rows import Float32

# Numbers of one block: enough for a product to be worth two threads, which wait for each other after each.
NUMBERS = 1 << 21
# Half-precision numbers that are not worth calling torch for.
FEW = 1 << 16


def blocks(rows: int, width: int) -> Iterator[slice]:
    """Slices that cover the rows, larger than those of arithmetic that is one thread's."""
    step = max(1, NUMBERS // max(width, 1))
    return (slice(first, min(first + step, rows)) for first in range(0, rows, step))


def float_blocks(embeddings: FloatArray) -> Iterator[tuple[slice, Float32]]:
    """Each block of rows with its place; nobody may write to it."""
    for rows in blocks(*embeddings.shape):
        yield rows, as_float32(embeddings[rows])


def rows_at(embeddings: FloatArray, index: IntArray) -> Float32:
    """A copy of these rows, (len(index), d)."""
    return as_float32(embeddings[index])


def as_float32(rows: FloatArray) -> Float32:
    return widened(rows) if rows.dtype == np.float16 else np.asarray(rows, dtype=np.float32)


def widened(rows: FloatArray) -> Float32:
    """float16 as float32. NumPy does it number by number; torch, which workers learn with, 18 times as fast."""
    if rows.size < FEW:
        return rows.astype(np.float32)
    try:
        import torch
    except ImportError:
        return rows.astype(np.float32)
    # A copy, because torch warns of arrays that cannot be written to, as those of read-only files are.
    return np.asarray(torch.from_numpy(np.array(rows)).float().numpy())
