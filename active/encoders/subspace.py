"""The leading directions of a large sparse matrix, in little memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_ROUNDS = 4
_MORE = 10
_AT_ONCE = 4096
# Directions of less than this part of the largest are rounding.
_LEAST = 1e-4


def leading(matrix: Any, count: int, rng: np.random.Generator) -> Floats:
    """Right singular vectors of the largest singular values, (columns, at most `count` and at least 1), largest first.

    By randomised subspace iteration (Halko 2011) that orthonormalises through small products of the basis with itself: it
    holds two arrays of rows and columns by `count`, where scikit-learn's randomized_svd takes three times as much. Each has
    its largest number positive. A matrix without any number but 0 gives a vector of zeros.
    """
    width = min(count + _MORE, *matrix.shape)
    if not width or not matrix.nnz:
        return np.zeros((matrix.shape[1], 1), dtype=np.float32)
    basis = rng.standard_normal((matrix.shape[1], width), dtype=np.float32)
    for _ in range(_ROUNDS):
        basis = _orthonormal(basis)
        seen = matrix @ basis
        # Whatever is not needed makes room for what comes.
        del basis
        basis = matrix.T @ seen
        del seen
    basis = _orthonormal(basis)
    seen = matrix @ basis
    values, turn = np.linalg.eigh((seen.T @ seen).astype(np.float64))
    kept = (values > _LEAST**2 * values[-1]).nonzero()[0][::-1][:count]
    basis = _turned(basis, turn[:, kept])
    largest = np.abs(basis).argmax(axis=0)
    return np.asarray(basis * np.sign(basis[largest, np.arange(basis.shape[1])]))


def _orthonormal(basis: Floats) -> Floats:
    """The same space by columns of length 1 at right angles; fewer where they were not independent."""
    values, turn = np.linalg.eigh((basis.T @ basis).astype(np.float64))
    kept = values > _LEAST**2 * values[-1]
    return _turned(basis, turn[:, kept] / np.sqrt(values[kept]))


def _turned(basis: Floats, turn: npt.NDArray[np.float64]) -> Floats:
    """basis @ turn, in the place of the basis."""
    width = turn.shape[1]
    for first in range(0, len(basis), _AT_ONCE):
        part = basis[first : first + _AT_ONCE]
        part[:, :width] = part @ turn.astype(np.float32)
    return np.ascontiguousarray(basis[:, :width])
