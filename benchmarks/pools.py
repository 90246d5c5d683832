"""A pool to choose from, the same for this project and for others: files of numbers in a folder. Needs NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

MOST, WIDTH, LABELS, LABELED, NEW = 1_000_000, 384, 10, 1_000, 100
GROUPS, SPREAD, SHARPNESS = 200, 0.8, 12.0
BLOCK = 10_000


@dataclass(frozen=True)
class Arrays:
    """Unit rows in groups around random directions, each group of one label; and what a passable model says of them."""

    embeddings: Any  # (n, WIDTH) float32
    probabilities: Any  # (n, LABELS) float32
    labeled: Any  # (LABELED, WIDTH) and the label of each
    labels: Any
    new: Any  # (NEW, WIDTH), labeled since


def write(folder: Path, n: int = MOST) -> None:
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((GROUPS, WIDTH), dtype=np.float32)
    labels = np.arange(GROUPS) % LABELS
    centres = np.stack([directions[labels == label].mean(axis=0) for label in range(LABELS)])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    with (
        (folder / "embeddings").open("wb") as rows_file,
        (folder / "probabilities").open("wb") as chance_file,
    ):
        for first in range(0, n, BLOCK):
            rows, _ = _rows(rng, directions, min(BLOCK, n - first))
            rows.tofile(rows_file)
            logits = SHARPNESS * rows @ centres.T + rng.gumbel(size=(len(rows), LABELS))
            chances = np.exp(logits - logits.max(axis=1, keepdims=True))
            (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32).tofile(chance_file)
    rows, group = _rows(rng, directions, LABELED + NEW)
    rows.tofile(folder / "labeled")
    labels[group].astype(np.int64).tofile(folder / "labels")


def _rows(rng: np.random.Generator, directions: Any, n: int) -> tuple[Any, Any]:
    group = rng.integers(GROUPS, size=n)
    rows = directions[group] + SPREAD * rng.standard_normal((n, WIDTH), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), group


def read(folder: Path, n: int) -> Arrays:
    """The first n items, in memory."""

    def numbers(name: str, rows: int, width: int, dtype: Any = np.float32) -> Any:
        return np.fromfile(folder / name, dtype=dtype, count=rows * width).reshape(rows, width)

    labeled = numbers("labeled", LABELED + NEW, WIDTH)
    return Arrays(
        numbers("embeddings", n, WIDTH),
        numbers("probabilities", n, LABELS),
        labeled[:LABELED],
        numbers("labels", LABELED + NEW, 1, np.int64)[:LABELED, 0],
        labeled[LABELED:],
    )
