from dataclasses import replace

import numpy as np
import pytest

from active.acquisition import Pool, adaptive
from tests.active.acquisition.pools import at, pool_of


def acquire(pool, n, explore=0.0, seed=0):
    return adaptive.acquire(pool, n, np.random.default_rng(seed), explore=explore).index


def places(sizes, spread=0.05, seed=0):
    """Items around corners of a simplex that lie far apart, so many around each."""
    rng = np.random.default_rng(seed)
    corner = np.repeat(np.arange(len(sizes)), sizes)
    return 3.0 * np.eye(len(sizes))[corner] + spread * rng.standard_normal((len(corner), len(sizes))), corner


@pytest.mark.parametrize(
    ("labeled", "seen", "stage"),
    [(0, 0, "coverage"), (59, 4, "coverage"), (60, 30, "margin"), (60, 31, "coverage"), (154, 77, "margin")],
)
def test_coverage_goes_on_while_labels_are_few(labeled, seen, stage):
    assert adaptive.stage(labeled, seen) == stage


def test_without_a_model_each_place_gets_its_pick():
    embeddings, corner = places([200, 100, 50, 50])

    assert sorted(corner[acquire(Pool(embeddings=embeddings), 4)]) == [0, 1, 2, 3]


def test_the_largest_place_comes_first():
    embeddings, corner = places([50, 200, 50])

    assert corner[acquire(Pool(embeddings=embeddings), 1)] == 1


def test_places_with_labels_are_left_for_those_without():
    embeddings, corner = places([200, 100, 50, 50])
    known = Pool(embeddings=embeddings, labeled=embeddings[[0, 200]], labels=np.array([0, 1]))

    assert sorted(corner[acquire(known, 2)]) == [2, 3]


def with_model(sizes, sure, labels=100):
    """Places, and a model that is as sure about the items of each place as is said."""
    embeddings, corner = places(sizes)
    rng = np.random.default_rng(0)
    likely = np.clip(np.asarray(sure)[corner] + rng.uniform(-0.01, 0.01, len(corner)), 0.0, 1.0)
    far = 50.0 * np.eye(len(sizes))[np.zeros(labels, dtype=int)]
    return Pool(
        probabilities=np.stack([likely, 1.0 - likely], axis=1),
        embeddings=embeddings,
        labeled=far,
        labels=np.arange(labels) % 2,
    ), corner


def test_with_enough_labels_each_doubtful_place_gets_its_pick():
    pool, corner = with_model([100, 20, 20, 300], sure=[0.99, 0.55, 0.5, 0.99])

    assert sorted(corner[acquire(pool, 2)]) == [1, 2]


def test_with_few_labels_sure_places_are_covered_too():
    pool, corner = with_model([100, 100, 100], sure=[0.75, 0.6, 0.7], labels=20)

    assert sorted(corner[acquire(pool, 3)]) == [0, 1, 2]


def test_a_batch_holds_no_near_duplicates():
    rng = np.random.default_rng(0)
    pool, original = pool_of(n=30, m=80), np.arange(240) % 30
    many = at(pool, original)
    moved = replace(many, embeddings=many.embeddings + 1e-4 * rng.standard_normal(many.embeddings.shape))

    assert len(np.unique(original[acquire(moved, 20)])) == 20


def test_a_share_is_drawn_at_random_and_told():
    where = adaptive.random_places(40, 0.1)

    assert np.flatnonzero(where).tolist() == [5, 15, 25, 35]
    assert adaptive.random_places(9).sum() == 0
    assert adaptive.random_places(0).shape == (0,)


def test_what_is_drawn_is_any_item_as_well_as_any_other():
    embeddings, corner = places([10, 190])
    counts = np.zeros(2)
    for seed in range(100):
        index = acquire(Pool(embeddings=embeddings), 10, explore=0.5, seed=seed)
        counts += np.bincount(corner[index[adaptive.random_places(10, 0.5)]], minlength=2)

    assert counts[0] / counts.sum() == pytest.approx(0.05, abs=0.02)


def test_picks_do_not_repeat_what_was_drawn():
    for seed in range(20):
        index = acquire(pool_of(n=12), 10, explore=0.5, seed=seed)

        assert len(np.unique(index)) == 10


def test_without_embeddings_the_smallest_margins_come_first():
    pool = replace(pool_of(), embeddings=None, labeled=None)
    gap = np.diff(np.sort(pool.probabilities, axis=1)[:, -2:])[:, 0]

    np.testing.assert_array_equal(acquire(pool, 10), np.argsort(gap, kind="stable")[:10])


def test_a_model_of_one_label_covers_the_pool():
    embeddings, corner = places([100, 50, 50])
    pool = Pool(
        probabilities=np.ones((200, 1)), embeddings=embeddings, labeled=embeddings[:1], labels=np.array([0])
    )

    assert sorted(corner[acquire(pool, 2)]) == [1, 2]


def test_large_batches_are_picked_in_parts(monkeypatch):
    monkeypatch.setattr("active.acquisition.spreading.TOGETHER", 7)
    embeddings, corner = places([40] * 10)

    index = acquire(Pool(embeddings=embeddings), 10)

    assert sorted(corner[index]) == list(range(10))


def test_items_that_are_all_alike_are_picked_all_the_same():
    pool = Pool(embeddings=np.ones((50, 3)), labeled=np.ones((5, 3)), labels=np.zeros(5, dtype=int))

    assert len(np.unique(acquire(pool, 20))) == 20


def test_only_the_smallest_margins_are_candidates_unless_the_pool_holds_no_others():
    pool, corner = with_model([20, 20], sure=[0.5, 0.6])
    some = adaptive.doubtful(pool, 2, np.random.default_rng(0))
    every = adaptive.doubtful(pool, 2, np.random.default_rng(0), share=1)

    assert set(corner[some]) == {0}
    assert set(corner[every]) == {0, 1}
