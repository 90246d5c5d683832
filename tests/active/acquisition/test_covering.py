import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from active.acquisition import covering


def naive(alike, weight, already, n):
    """Greedy by the definition: each time the candidate that gains most."""
    chosen, reach = [], already.astype(np.float64)
    while len(chosen) < n:
        gain = weight @ np.maximum(alike - reach[:, None], 0.0)
        gain[chosen] = -1.0
        chosen.append(int(gain.argmax()))
        reach = np.maximum(reach, alike[:, chosen[-1]])
    return chosen


@given(st.integers(0, 1000), st.integers(1, 8))
def test_picks_are_those_of_the_naive_loop(seed, n):
    rng = np.random.default_rng(seed)
    alike, weight = rng.random((30, 12), dtype=np.float32), rng.random(30, dtype=np.float32)
    already = 0.5 * rng.random(30, dtype=np.float32)

    assert covering.cover(alike, weight, already, n).tolist() == naive(alike, weight, already, n)


def test_it_ends_when_nothing_is_left_to_gain():
    alike = np.ones((5, 4), dtype=np.float32)

    assert covering.cover(alike, np.ones(5, np.float32), np.zeros(5, np.float32), 3).tolist() == [0]
    assert len(covering.cover(alike, np.ones(5, np.float32), np.ones(5, np.float32), 3)) == 0


def test_likeness_is_one_at_no_distance_and_falls_with_it():
    rows = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]], dtype=np.float32)

    alike = covering.likeness(rows, rows, 2.0)

    np.testing.assert_allclose(alike[0], np.exp([0.0, -0.5, -4.5]), atol=1e-6)
    np.testing.assert_allclose(covering.covered(rows, rows[:1], 2.0), alike[0], atol=1e-6)


def test_nothing_is_covered_by_nothing():
    rows = np.ones((3, 2), dtype=np.float32)

    assert covering.covered(rows, rows[:0], 1.0).tolist() == [0.0, 0.0, 0.0]


def test_the_width_is_how_far_apart_other_rows_lie():
    rows = np.arange(5, dtype=np.float32)[:, None]

    assert covering.width(rows - 2.0, rows[[0, 1]] - 2.0) == pytest.approx(4.0)


def test_copies_do_not_make_the_width_small():
    rows = np.repeat(np.eye(6, dtype=np.float32), 10, axis=0) - np.float32(1 / 6)

    assert covering.width(rows, rows[:45]) == pytest.approx(2.0)


def test_the_width_of_rows_that_are_all_alike_is_above_zero():
    rows = np.zeros((4, 2), dtype=np.float32)

    assert 0.0 < covering.width(rows, rows) < 1e-3
