"""Cluster-margin, stage by stage."""

import numpy as np
import pytest

from active.acquisition import Pool
from active.acquisition.cluster_margin import acquire, candidates, closest, representatives
from active.acquisition.margin import closeness
from tests.active.acquisition.blobs import blobs

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("n", "pool", "expected"), [(10, 10_000, 100), (10, 200, 50), (10, 30, 10), (10, 5, 5), (0, 100, 0)]
)
def test_ten_times_as_many_but_a_quarter_of_the_pool(n, pool, expected):
    assert candidates(n, pool) == expected


def test_candidates_are_those_of_smallest_margin():
    chances = RNG.dirichlet(np.ones(3), size=400)

    found = closest(chances, 5)

    assert found.score.min() >= np.sort(closeness(chances))[-50]
    np.testing.assert_allclose(found.score, closeness(chances)[found.index])


def test_one_of_each_doubtful_kind_and_none_that_is_certain():
    rows, kind = blobs(30, 30, 30, 270)
    chances = np.where((kind == 3)[:, None], [0.99, 0.01], [0.55, 0.45])

    picks = acquire(Pool(probabilities=chances, embeddings=rows), 9, RNG)

    assert set(kind[picks.index]) == {0, 1, 2}


def test_the_representative_is_nearest_to_where_the_weight_is():
    rows = np.array([[0.0], [0.4], [1.0], [9.0]], dtype=np.float32)

    kept = representatives(rows, np.array([1, 1, 30, 1], dtype=np.float32), 2, RNG)

    assert sorted(kept) == [2, 3]


def test_where_rows_are_the_same_the_heaviest_are_taken():
    rows = np.repeat(np.eye(2, dtype=np.float32), 5, axis=0)
    weights = np.arange(10, dtype=np.float32)

    kept = representatives(rows, weights, 4, RNG)

    assert len(set(kept)) == 4
    assert {8, 9} <= set(kept)


def test_a_model_that_is_certain_of_everything_still_gets_items():
    rows, _ = blobs(20, 20, 20, 20)
    chances = np.tile([1.0, 0.0], (80, 1))

    assert len(acquire(Pool(probabilities=chances, embeddings=rows), 6, RNG).index) == 6
