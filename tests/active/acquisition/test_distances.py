"""Distances, and the reading of embeddings, against their definition."""

import numpy as np
import pytest

from active.acquisition.distances import minima, nearest, squared_distances
from active.acquisition.vectors import widened
from tests.active.acquisition.blobs import squared


@pytest.fixture(params=["at once", "in parts"])
def parts(request, monkeypatch):
    """Everything in one block, or rows and centres a few at a time."""
    if request.param == "in parts":
        monkeypatch.setattr("active.acquisition.vectors.NUMBERS", 35)
        monkeypatch.setattr("active.acquisition.distances.CENTRES", 3)


@pytest.fixture
def rows():
    return np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32)


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nearest_and_minima_are_those_of_all_distances(rows, dtype):
    pool, centres = rows[:30].astype(dtype), rows[30:].astype(dtype)
    expected = squared(pool, centres)

    which, apart = nearest(pool, centres)

    np.testing.assert_array_equal(which, expected.argmin(axis=1))
    np.testing.assert_allclose(apart, expected.min(axis=1), rtol=1e-4)
    np.testing.assert_array_equal(minima(pool, centres), apart)


def test_nearest_takes_the_first_of_equally_near_centres(rows, monkeypatch):
    monkeypatch.setattr("active.acquisition.distances.CENTRES", 2)

    which, _ = nearest(rows, np.concatenate([rows[:3], rows[:3]]))

    assert which.max() == 2


def test_minima_go_on_from_those_that_are_known(rows):
    known = minima(rows, rows[:5])
    before = known.copy()

    np.testing.assert_allclose(minima(rows, rows[5:9], known), minima(rows, rows[:9]), atol=1e-5)
    np.testing.assert_array_equal(known, before)


def test_minima_are_infinite_where_nothing_is_labeled(rows):
    assert np.isinf(minima(rows, rows[:0])).all()


def test_no_squared_distance_is_below_zero(rows):
    far = rows[:10] + 1000

    assert squared_distances(far, far).min() >= 0.0
    assert minima(far, far).min() >= 0.0


def test_half_precision_is_read_alike_by_torch_and_numpy(rows, tmp_path):
    np.save(tmp_path / "rows.npy", np.resize(rows, (70_000, 1)).astype(np.float16))
    stored = np.load(tmp_path / "rows.npy", mmap_mode="r")

    np.testing.assert_array_equal(widened(stored), stored.astype(np.float32))
