"""BADGE: what it takes first, and what it leaves."""

import numpy as np

from active.acquisition import Pool
from active.acquisition.badge import acquire
from active.acquisition.points import surprise
from tests.active.acquisition.blobs import blobs


def test_starts_with_the_longest_gradient():
    rng = np.random.default_rng(0)
    chances, rows = rng.dirichlet(np.ones(4), size=50), rng.standard_normal((50, 6))
    residuals = chances - np.eye(4)[chances.argmax(axis=1)]
    lengths = np.linalg.norm(residuals, axis=1) * np.linalg.norm(rows, axis=1)

    assert acquire(Pool(probabilities=chances, embeddings=rows), 3, rng).index[0] == lengths.argmax()


def test_surprise_is_what_the_likeliest_label_lacks():
    chances = np.array([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0]])

    np.testing.assert_allclose(surprise(chances), [[-0.3, 0.2, 0.1], [0.0, 0.0, 0.0]], atol=1e-7)
    assert chances[0, 0] == 0.7


def test_certain_items_are_all_alike_wherever_they_lie():
    rows, kind = blobs(500, 20, 20, 20)
    chances = np.where((kind == 0)[:, None], [1.0, 0.0], [0.5, 0.5])

    picks = acquire(Pool(probabilities=chances, embeddings=rows), 4, np.random.default_rng(0))

    assert sorted(kind[picks.index]) == [0, 1, 2, 3]
