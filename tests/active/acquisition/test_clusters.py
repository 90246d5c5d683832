"""Weighted k-means."""

import numpy as np

from active.acquisition.clusters import kmeans
from tests.active.acquisition.blobs import blobs, squared


def test_finds_balls():
    rows, kind = blobs(40, 30, 20, 10)

    found = kmeans(rows, 4, np.random.default_rng(0))

    for ball in range(4):
        assert len(set(found.assigned[kind == ball])) == 1
    np.testing.assert_allclose(found.centres[found.assigned[0]], rows[:40].mean(axis=0), atol=1e-4)


def test_no_row_has_a_nearer_centre_and_no_centre_a_better_place():
    rows = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)

    found = kmeans(rows, 7, np.random.default_rng(1), iterations=100)

    apart = squared(rows, found.centres)
    np.testing.assert_array_equal(found.assigned, apart.argmin(axis=1))
    np.testing.assert_allclose(found.squared, apart.min(axis=1), atol=1e-5)
    means = [rows[found.assigned == cluster].mean(axis=0) for cluster in range(7)]
    np.testing.assert_allclose(found.centres, means, atol=1e-5)


def test_a_heavy_row_pulls_its_centre():
    rows = np.array([[0.0, 0.0], [1.0, 0.0]], dtype=np.float32)

    found = kmeans(rows, 1, np.random.default_rng(0), weights=np.array([1.0, 3.0], dtype=np.float32))

    np.testing.assert_allclose(found.centres, [[0.75, 0.0]])


def test_more_clusters_than_rows_or_than_different_rows():
    rows = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)

    few, same = kmeans(rows[::4], 10, np.random.default_rng(0)), kmeans(rows, 10, np.random.default_rng(0))

    assert few.centres.shape == (3, 3)
    assert same.centres.shape == (10, 3)
    assert same.squared.max() < 1e-6
