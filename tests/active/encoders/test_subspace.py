"""The leading directions of sparse matrices."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from active.encoders.subspace import leading


def decaying(rows: int, columns: int, rank: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(size, rank)))[0] for size in (rows, columns))
    return np.asarray((left * 2.0 ** -np.arange(rank)) @ right.T, dtype=np.float32)


def test_they_are_those_of_a_full_decomposition() -> None:
    matrix = decaying(80, 50, 12)
    whole = np.linalg.svd(matrix)[2][:6]

    found = leading(sp.csr_matrix(matrix), 6, np.random.default_rng(1))

    assert found.shape == (50, 6)
    np.testing.assert_allclose(np.abs(np.sum(whole.T * found, axis=0)), 1.0, atol=1e-3)
    np.testing.assert_allclose(found.T @ found, np.eye(6), atol=1e-4)


@pytest.mark.parametrize(("rows", "columns", "rank"), [(3, 40, 3), (40, 3, 3), (30, 30, 2), (1, 1, 1)])
def test_there_are_no_more_than_the_rank(rows: int, columns: int, rank: int) -> None:
    found = leading(sp.csr_matrix(decaying(rows, columns, rank)), 10, np.random.default_rng(0))

    assert found.shape == (columns, rank)
    assert np.isfinite(found).all()


def test_of_nothing_there_is_a_direction_of_zeros() -> None:
    found = leading(sp.csr_matrix((5, 4), dtype=np.float32), 3, np.random.default_rng(0))

    np.testing.assert_array_equal(found, np.zeros((4, 1)))
