"""Functions of the probabilities alone, against their formulas."""

import numpy as np
import pytest
from scipy.stats import entropy as scipy_entropy

from active.acquisition import ACQUISITIONS, Pool
from active.acquisition.class_balanced import rank_within
from tests.active.acquisition.pools import chances, pool_of

FORMULAS = {
    "least_confidence": lambda p: 1.0 - p.max(axis=1),
    "margin": lambda p: 1.0 - np.diff(np.sort(p, axis=1)[:, -2:], axis=1)[:, 0],
    "entropy": lambda p: scipy_entropy(p, axis=1),
}


def scores(name, pool):
    """Score of each item of the pool, in its order."""
    picks = ACQUISITIONS[name](pool, len(pool), np.random.default_rng(0))
    return picks.score[np.argsort(picks.index)]


@pytest.mark.parametrize("labels", [2, 3, 10, 100])
@pytest.mark.parametrize("name", FORMULAS)
def test_is_its_formula(name, labels):
    pool = Pool(chances(np.random.default_rng(0), 50, labels))

    np.testing.assert_allclose(scores(name, pool), FORMULAS[name](pool.probabilities), atol=2e-6)


@pytest.mark.parametrize("name", FORMULAS)
def test_is_highest_where_all_labels_are_alike_and_nothing_where_one_is_certain(name):
    even, certain = scores(name, Pool([[0.25] * 4, [0.0, 1.0, 0.0, 0.0]]))

    assert certain == 0.0
    assert even == pytest.approx({"least_confidence": 0.75, "margin": 1.0, "entropy": np.log(4)}[name])


def test_random_picks_each_item_equally_often():
    pool, rng = Pool(np.full((20, 1), 1.0)), np.random.default_rng(0)

    picked = np.bincount(np.concatenate([ACQUISITIONS["random"](pool, 5, rng).index for _ in range(2000)]))

    assert np.abs(picked / 500 - 1.0).max() < 0.15


def test_cost_aware_is_margin_per_second():
    pool = pool_of()

    np.testing.assert_allclose(scores("cost_aware", pool), scores("margin", pool) / pool.cost, rtol=1e-5)


def test_class_balanced_takes_turns_where_items_are_equally_uncertain():
    first = np.repeat([[0.5, 0.4, 0.1], [0.1, 0.5, 0.4]], [20, 5], axis=0)

    picks = ACQUISITIONS["class_balanced"](Pool(first), 8, np.random.default_rng(0))

    assert np.bincount(first[picks.index].argmax(axis=1)).tolist() == [4, 4]


def test_class_balanced_favours_labels_that_are_rare_so_far():
    even = np.repeat([[0.5, 0.4, 0.1], [0.1, 0.5, 0.4]], 20, axis=0)

    picks = ACQUISITIONS["class_balanced"](Pool(even, labels=[0] * 9 + [1]), 8, np.random.default_rng(0))

    assert (picks.index >= 20).all()


def test_class_balanced_leaves_certain_items_of_a_rare_label_to_the_others():
    pool = Pool(np.repeat([[0.5, 0.5], [0.001, 0.999]], 20, axis=0), labels=[0] * 9 + [1])

    picks = ACQUISITIONS["class_balanced"](pool, 8, np.random.default_rng(0))

    assert (picks.index < 20).all()


def test_rank_within_counts_each_group_by_itself():
    group, score = np.array([1, 0, 1, 1, 0]), np.array([0.1, 0.9, 0.3, 0.2, 0.9], dtype=np.float32)

    assert rank_within(group, score).tolist() == [2, 0, 0, 1, 1]
