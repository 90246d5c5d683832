"""Histograms of oriented gradients (Dalal and Triggs 2005)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

ORIENTATIONS = 9
_CLIP = 0.2


def hog(gray: npt.NDArray[np.float32], cell: int) -> npt.NDArray[np.float32]:
    """Descriptors of images (n, side, side) whose side is a multiple of `cell`, (n, (side / cell - 1)² · 36).

    Gradients vote for the two nearest of nine unsigned orientations, in cells; blocks of 2 × 2 cells are normalised, clipped
    and normalised again (L2-Hys).
    """
    cells = _cells(gray, cell)
    blocks = np.concatenate(
        [cells[:, :-1, :-1], cells[:, :-1, 1:], cells[:, 1:, :-1], cells[:, 1:, 1:]], axis=-1
    )
    for _ in range(2):
        blocks = np.minimum(blocks, _CLIP)
        lengths = np.sqrt((blocks**2).sum(axis=-1, keepdims=True))
        blocks = blocks / (lengths + np.float32(1e-3))
    return np.asarray(blocks.reshape(len(gray), math.prod(blocks.shape[1:])))


def _cells(gray: npt.NDArray[np.float32], cell: int) -> npt.NDArray[np.float32]:
    """Histograms by cell, (n, side / cell, side / cell, ORIENTATIONS)."""
    down, across = np.zeros_like(gray), np.zeros_like(gray)
    down[:, 1:-1] = gray[:, 2:] - gray[:, :-2]
    across[:, :, 1:-1] = gray[:, :, 2:] - gray[:, :, :-2]
    strength = np.hypot(down, across)
    turn = np.mod(np.arctan2(down, across), np.pi) * np.float32(ORIENTATIONS / np.pi)
    lower = np.floor(turn).astype(np.int8)
    share = turn - lower
    n, side = len(gray), gray.shape[1] // cell
    cells = np.empty((n, side, side, ORIENTATIONS), dtype=np.float32)
    for bin_ in range(ORIENTATIONS):
        votes = strength * (
            np.where(lower % ORIENTATIONS == bin_, 1 - share, 0)
            + np.where((lower + 1) % ORIENTATIONS == bin_, share, 0)
        )
        cells[..., bin_] = votes.reshape(n, side, cell, side, cell).sum(axis=(2, 4))
    return cells
