"""What scoring a shard leaves for choosing: its best candidates and a uniform sample, as bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
# The histogram of scores: so many bins between 0 and 1.
BINS = 20


@dataclass(frozen=True, eq=False)
class Candidates:
    """Items of one shard or of all, aligned arrays. `drawn`: belongs to the uniform sample; `best`: to the best by score.

    `counts` is the histogram of the scores of all scored items over [0, 1], `predicted` how many of them are likeliest
    each label.
    """

    items: Ints
    vectors: npt.NDArray[np.float16]
    score: npt.NDArray[np.float32]
    drawn: npt.NDArray[np.bool_]
    best: npt.NDArray[np.bool_]
    scored: int = 0
    counts: Ints = field(default_factory=lambda: np.zeros(BINS, dtype=np.int64))
    predicted: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.items)

    def to_bytes(self) -> bytes:
        stream = io.BytesIO()
        arrays: dict[str, Any] = {name: np.asarray(value) for name, value in vars(self).items()}
        np.savez(stream, **arrays)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Candidates:
        with np.load(io.BytesIO(data), allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        return cls(**{**arrays, "scored": int(arrays["scored"])})

    def at(self, rows: npt.NDArray[np.bool_] | Ints) -> Candidates:
        """Some of the rows, with the counts of all."""
        return Candidates(
            self.items[rows],
            self.vectors[rows],
            self.score[rows],
            self.drawn[rows],
            self.best[rows],
            self.scored,
            self.counts,
            self.predicted,
        )


def merged(parts: Sequence[Candidates]) -> Candidates:
    """The candidates of all shards."""
    if not parts:
        return Candidates(
            np.zeros(0, dtype=np.int64),
            np.zeros((0, 0), dtype=np.float16),
            np.zeros(0, dtype=np.float32),
            np.zeros(0, dtype=bool),
            np.zeros(0, dtype=bool),
        )
    return Candidates(
        np.concatenate([part.items for part in parts]),
        np.concatenate([part.vectors for part in parts]),
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.drawn for part in parts]),
        np.concatenate([part.best for part in parts]),
        sum(part.scored for part in parts),
        np.sum([part.counts for part in parts], axis=0),
        np.sum([part.predicted for part in parts], axis=0),
    )
