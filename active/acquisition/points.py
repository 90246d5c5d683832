"""Points that can be drawn from: embeddings, or gradients that are never formed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from active.acquisition.distances import squared_lengths
from active.acquisition.pool import FloatArray, IntArray
from active.acquisition.rows import Float32
from active.acquisition.vectors import as_float32, blocks, float_blocks, rows_at

# Two points nearer to each other than this, of the sum of their squared lengths, are one: float32 cannot tell them apart.
SAME = 4e-6


@dataclass(frozen=True, eq=False)
class Held:
    """Some points in memory: the rows (r, d) or, with factors (r, k), the products factor ⊗ row, (r, k · d) if written out."""

    rows: Float32
    factors: Float32 | None = None

    @cached_property
    def squared_lengths(self) -> Float32:
        lengths = squared_lengths(self.rows)
        return lengths if self.factors is None else lengths * squared_lengths(self.factors)

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, index: IntArray) -> Held:
        return Held(self.rows[index], None if self.factors is None else self.factors[index])

    def and_also(self, other: Held) -> Held:
        if self.factors is None or other.factors is None:
            return Held(np.concatenate([self.rows, other.rows]))
        return Held(np.concatenate([self.rows, other.rows]), np.concatenate([self.factors, other.factors]))

    def squared_distances(self, others: Held) -> Float32:
        """(len(self), len(others)); zero where two points are one."""
        # ⟨u ⊗ x, v ⊗ y⟩ = ⟨u, v⟩ ⟨x, y⟩
        products = self.rows @ others.rows.T
        if self.factors is not None and others.factors is not None:
            products *= self.factors @ others.factors.T
        products *= -2.0
        lengths = self.squared_lengths[:, None] + others.squared_lengths
        products += lengths
        lengths *= SAME
        return np.where(products > lengths, products, np.float32(0.0))


class Points(Protocol):
    """Many points, perhaps in a file."""

    def __len__(self) -> int: ...

    def at(self, index: IntArray) -> Held: ...

    def blocks(self) -> Iterator[tuple[slice, Held]]: ...


@dataclass(frozen=True, eq=False)
class Vectors:
    """The embeddings as they are, (n, d)."""

    embeddings: FloatArray

    def __len__(self) -> int:
        return len(self.embeddings)

    def at(self, index: IntArray) -> Held:
        return Held(rows_at(self.embeddings, index))

    def blocks(self) -> Iterator[tuple[slice, Held]]:
        return ((rows, Held(block)) for rows, block in float_blocks(self.embeddings))


@dataclass(frozen=True, eq=False)
class Gradients:
    """Gradients of the log loss by the last layer, were the likeliest label true: (p - onehot(argmax p)) ⊗ embedding (Ash 2020)."""

    probabilities: FloatArray
    embeddings: FloatArray

    def __len__(self) -> int:
        return len(self.embeddings)

    def at(self, index: IntArray) -> Held:
        return Held(rows_at(self.embeddings, index), surprise(self.probabilities[index]))

    def blocks(self) -> Iterator[tuple[slice, Held]]:
        width = self.probabilities.shape[1] + self.embeddings.shape[1]
        for rows in blocks(len(self), width):
            yield rows, Held(as_float32(self.embeddings[rows]), surprise(self.probabilities[rows]))


def surprise(probabilities: FloatArray) -> Float32:
    """p - onehot(argmax p), (r, k)."""
    factors = np.array(probabilities, dtype=np.float32)
    factors[np.arange(len(factors)), factors.argmax(axis=1)] -= 1.0
    return factors
