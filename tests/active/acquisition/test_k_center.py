"""k-center against the naive loop, which looks at every row for every pick."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from active.acquisition import Pool, k_center
from active.acquisition.distances import minima
from active.acquisition.k_center import acquire, k_center_from, nearest_mean, squared_to
from tests.active.acquisition.blobs import blobs, squared

RNG = np.random.default_rng(0)


def naive(rows, apart, n):
    """The first row of the highest squared distance, again and again; apart from nothing, that nearest the mean."""
    apart, picks = apart.copy(), []
    while len(picks) < min(n, len(rows)):
        best = nearest_mean(rows) if np.isinf(apart).all() else int(apart.argmax())
        apart = np.minimum(apart, squared_to(rows, rows[best]))
        picks.append(best)
        apart[picks] = -1.0
    return picks


def on_a_grid(seed, rows, d, m):
    """Small whole numbers: many rows are the same, and many distances are equal, to the last bit."""
    numbers = np.random.default_rng(seed).integers(4, size=(rows + m, d)).astype(np.float32)
    return numbers[:rows], numbers[rows:]


@given(
    seed=st.integers(0, 999),
    rows=st.integers(1, 40),
    d=st.integers(1, 3),
    m=st.integers(0, 3),
    n=st.integers(0, 45),
    frontier=st.sampled_from([1, 3, 1_000]),
)
@settings(max_examples=80, deadline=None)
def test_ties_and_copies_go_to_the_first_row(seed, rows, d, m, n, frontier):
    pool, labeled = on_a_grid(seed, rows, d, m)

    with mock.patch.object(k_center, "FRONTIER", frontier), mock.patch.object(k_center, "SCATTERED", 1):
        picks = acquire(Pool(embeddings=pool, labeled=labeled), n, RNG)

    assert picks.index.tolist() == naive(pool, minima(pool, labeled), n)


@pytest.mark.parametrize("frontier", [1, 7, 1_000])
@pytest.mark.parametrize("scattered", [1, 50, 10_000])
@pytest.mark.parametrize("m", [0, 1, 30])
def test_the_same_however_it_is_found(frontier, scattered, m, monkeypatch):
    monkeypatch.setattr("active.acquisition.k_center.FRONTIER", frontier)
    monkeypatch.setattr("active.acquisition.k_center.SCATTERED", scattered)
    rows = np.concatenate(
        [blobs(200, 200, 10)[0], np.random.default_rng(1).standard_normal((200, 4)).astype(np.float32)]
    )
    known = minima(rows, rows[:m])

    assert k_center_from(rows, known, 60).index.tolist() == naive(rows, known, 60)


def test_scores_are_distances_and_nothing_is_farther_than_the_last():
    rows, labeled = np.random.default_rng(2).standard_normal((2, 300, 6)).astype(np.float32)

    picks = acquire(Pool(embeddings=rows, labeled=labeled[:10]), 20, RNG)

    known = np.concatenate([labeled[:10], rows[picks.index]])
    assert np.sqrt(squared(rows, known[:-1]).min(axis=1).max()) == pytest.approx(picks.score[-1], rel=1e-5)


def test_new_labels_bring_known_minima_up_to_date():
    rows = np.random.default_rng(3).standard_normal((300, 6)).astype(np.float32)
    known = minima(rows, rows[:50])

    later = k_center_from(rows, minima(rows, rows[50:60], known), 20)

    assert later.index.tolist() == k_center_from(rows, minima(rows, rows[:60]), 20).index.tolist()


def test_minima_are_only_read():
    rows, _ = blobs(30, 30)
    known = minima(rows, rows[:1])
    known.flags.writeable = False

    assert len(k_center_from(rows, known, 5).index) == 5


def test_starts_in_the_middle_and_goes_to_each_corner():
    rows, kind = blobs(50, 50, 50)
    middle = rows.mean(axis=0)

    picks = acquire(Pool(embeddings=np.concatenate([rows, middle[None]])), 4, RNG)

    assert picks.index[0] == 150
    assert set(kind[picks.index[1:]]) == {0, 1, 2}


def test_half_precision_from_a_file(tmp_path):
    np.save(tmp_path / "rows.npy", np.random.default_rng(4).standard_normal((200, 8)).astype(np.float16))
    stored = np.load(tmp_path / "rows.npy", mmap_mode="r")
    wide = stored.astype(np.float32)

    assert acquire(Pool(embeddings=stored), 30, RNG).index.tolist() == naive(wide, np.full(200, np.inf), 30)
