"""What every acquisition function promises."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from active.acquisition import ACQUISITIONS, Picks, Pool
from tests.active.acquisition.pools import ARRAYS, at, pool_of, two_places

pytestmark = pytest.mark.parametrize("name", ACQUISITIONS)


def acquire(name, pool, n, seed=0):
    """What it picks, after a look at what all picks have in common."""
    picks = ACQUISITIONS[name](pool, n, np.random.default_rng(seed))
    assert isinstance(picks, Picks)
    assert picks.index.shape == picks.score.shape == (min(n, len(pool)),)
    assert np.issubdtype(picks.index.dtype, np.integer)
    assert len(np.unique(picks.index)) == len(picks.index)
    assert ((picks.index >= 0) & (picks.index < len(pool))).all()
    assert np.isfinite(picks.score).all()
    return picks


def refusal(name, pool):
    """What it says to a pool that lacks something; None where it does without."""
    try:
        acquire(name, pool, 2)
    except ValueError as error:
        return str(error)
    return None


def test_picks_as_many_as_asked_for_soonest_first(name):
    picks = acquire(name, pool_of(), 10)

    assert picks.score.dtype == np.float64
    assert (np.diff(picks.score) <= 0.0).all()


@pytest.mark.parametrize("n", [0, 60, 1000])
def test_nothing_and_everything(name, n):
    picks = acquire(name, pool_of(), n)

    assert len(picks.index) == min(n, 60)


@given(
    n=st.integers(0, 12),
    k=st.integers(1, 4),
    d=st.integers(1, 3),
    m=st.integers(0, 3),
    wanted=st.integers(0, 14),
)
@settings(max_examples=25, deadline=None)
def test_any_small_pool(name, n, k, d, m, wanted):
    acquire(name, pool_of(n, k, d, m, c=2), wanted)


def test_the_seed_decides_and_global_randomness_is_left_alone(name):
    before = np.random.get_state()[1].copy()

    one, other = (acquire(name, pool_of(), 10, seed=3) for _ in range(2))

    np.testing.assert_array_equal(one.index, other.index)
    np.testing.assert_array_equal(one.score, other.score)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_the_order_of_the_pool_does_not_matter_where_nothing_is_random(name):
    pool, order = pool_of(), np.random.default_rng(1).permutation(60)
    first = acquire(name, pool, 10, seed=0)
    if not np.array_equal(first.index, acquire(name, pool, 10, seed=1).index):
        pytest.skip("draws")

    moved = acquire(name, at(pool, order), 10, seed=0)

    np.testing.assert_array_equal(order[moved.index], first.index)


@pytest.mark.parametrize("seed", range(3))
def test_asks_where_nothing_is_known(name, seed):
    picks = acquire(name, two_places(seed), 1, seed)

    assert name == "random" or picks.index[0] >= 40


def test_nothing_labeled_yet(name):
    acquire(name, replace(pool_of(), labeled=None, labels=None), 10)


def test_every_item_is_like_every_other(name):
    pool, rng = pool_of(), np.random.default_rng(0)
    rows = rng.integers(1, size=60)
    alike = replace(at(pool, rows), labeled=np.repeat(pool.embeddings[:1], 12, axis=0))

    acquire(name, alike, 10)


def test_items_at_the_origin(name):
    pool = pool_of()

    acquire(name, replace(pool, embeddings=pool.embeddings * 0, labeled=pool.labeled * 0), 10)


def test_certain_about_every_item(name):
    pool = pool_of()
    certain = np.eye(3)[pool.probabilities.argmax(axis=1)]

    acquire(name, replace(pool, probabilities=certain, committee=np.stack([certain] * 4)), 10)


def test_ten_thousand_labels(name):
    acquire(name, pool_of(n=30, k=10_000, c=2), 5)


def test_more_labels_than_anyone_used(name):
    pool = pool_of(k=5)

    acquire(name, replace(pool, labels=np.full(12, 4)), 10)


def test_long_and_far_embeddings(name):
    pool = pool_of(n=40, d=50)

    acquire(name, replace(pool, embeddings=pool.embeddings * 1e4 + 1e4, labeled=pool.labeled * 1e4), 5)


def test_half_precision(name):
    pool = pool_of(dtype=np.float16)
    wide = {array: getattr(pool, array).astype(np.float32) for array in ARRAYS if array != "labels"}

    half, full = acquire(name, pool, 10), acquire(name, replace(pool, **wide), 10)

    assert len(np.intersect1d(half.index, full.index)) >= 9


def test_the_pool_is_only_read(name):
    pool = pool_of()
    for array in ARRAYS:
        getattr(pool, array).flags.writeable = False

    acquire(name, pool, 10)


@pytest.mark.parametrize("missing", ARRAYS)
def test_names_what_it_lacks(name, missing):
    told = refusal(name, replace(pool_of(), **{missing: None}))

    assert told is None or missing in told


def test_lacks_everything(name):
    told = refusal(name, Pool(cost=np.ones(5)))

    assert name == "random" or any(array in told for array in ("probabilities", "embeddings", "committee"))


def test_blocks_do_not_show(name, monkeypatch):
    pool = pool_of()
    whole = acquire(name, pool, 10)
    monkeypatch.setattr("active.acquisition.rows.BLOCK", 7)

    np.testing.assert_array_equal(acquire(name, pool, 10).index, whole.index)


def test_survives_many_equal_scores(name):
    pool, rng = pool_of(n=200), np.random.default_rng(0)
    two_kinds = rng.integers(2, size=200)

    acquire(name, at(pool, two_kinds), 20)
