"""TypiClust: which clusters come first, and which of their members."""

import numpy as np
import pytest

from active.acquisition import Pool
from active.acquisition.typiclust import acquire, by_typicality, mean_distance
from tests.active.acquisition.blobs import blobs, squared


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_starts_with_the_largest_kind(rng):
    rows, kind = blobs(20, 60, 40)

    picks = acquire(Pool(embeddings=rows), 3, rng)

    assert kind[picks.index].tolist() == [1, 2, 0]


def test_kinds_without_a_label_come_first(rng):
    rows, kind = blobs(20, 60, 40)

    picks = acquire(Pool(embeddings=rows, labeled=rows[kind == 1][:1]), 2, rng)

    assert kind[picks.index].tolist() == [2, 0]


def test_outliers_come_last(rng):
    rows, kind = blobs(30, 4, 30)

    picks = acquire(Pool(embeddings=rows, labeled=rows[[0, -1]]), 1, rng)

    assert kind[picks.index] != 1


def test_the_typical_member_is_in_the_middle(rng):
    rows, _ = blobs(60, spread=1.0)

    best = by_typicality(rows, np.arange(60), rng)[-1]

    apart = np.sqrt(squared(rows, rows))
    assert best == np.sort(apart, axis=1)[:, 1:21].mean(axis=1).argmin()


def test_mean_distance_of_few_and_of_one():
    rows = np.array([[0.0], [1.0], [4.0]], dtype=np.float32)

    np.testing.assert_allclose(mean_distance(rows), [2.5, 2.0, 3.5], rtol=1e-5)
    np.testing.assert_allclose(mean_distance(rows[:1]), [0.0])


def test_each_cluster_again_when_more_are_wanted_than_there_are(rng, monkeypatch):
    monkeypatch.setattr("active.acquisition.typiclust.MOST_CLUSTERS", 3)
    rows, kind = blobs(20, 60, 40)

    picks = acquire(Pool(embeddings=rows), 6, rng)

    assert kind[picks.index].tolist() == [1, 2, 0, 1, 2, 0]


def test_clusters_found_on_a_sample_and_neighbours_in_one(rng, monkeypatch):
    for name, number in {"ROWS_EACH": 10, "ROWS": 100, "COMPARED": 50}.items():
        monkeypatch.setattr(f"active.acquisition.typiclust.{name}", number)
    rows, kind = blobs(300, 500, 400)

    picks = acquire(Pool(embeddings=rows, labeled=rows[:1]), 3, rng)

    assert len(set(picks.index)) == 3
    assert {1, 2} <= set(kind[picks.index])
