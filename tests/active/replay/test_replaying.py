from functools import partial

import numpy as np
import pytest

from active.learners import LEARNERS
from active.replay import Strategy, full_accuracy, named, noisy, replay
from tests.active.replay.help import clouds

LEARNER = LEARNERS["logistic"]
run = partial(replay, clouds(), learner=LEARNER, start=10, batch=15, budget=60)


def test_labels_are_asked_in_batches_up_to_the_budget():
    curve = run(named(["margin"])["margin"])

    assert curve.labels.tolist() == [10, 25, 40, 55, 60]
    assert len(set(curve.asked.tolist())) == 60
    assert ((curve.accuracy > 0) & (curve.accuracy <= 1)).all()


def test_the_same_seed_gives_the_same_curve_and_another_one_another():
    one, again, other = (run(named(["random"])["random"], seed=seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one.asked, again.asked)
    np.testing.assert_array_equal(one.accuracy, again.accuracy)
    assert one.asked.tolist() != other.asked.tolist()


def test_all_strategies_of_a_seed_start_alike():
    curves = [run(strategy) for strategy in named(["random", "margin", "entropy"]).values()]

    assert len({tuple(curve.asked[:10]) for curve in curves}) == 1
    assert len({curve.accuracy[0] for curve in curves}) == 1


def test_a_start_from_nothing_has_its_first_point_after_the_first_batch():
    curve = run(named(["margin"])["margin"], start=0)

    assert curve.labels.tolist() == [15, 30, 45, 60]


def test_before_there_is_a_model_the_first_function_chooses():
    seen = []

    def first(pool, n, rng):
        seen.append(pool.probabilities)
        return named(["random"])["random"].acquire(pool, n, rng)

    run(Strategy(named(["margin"])["margin"].acquire, first), start=0)

    assert seen == [None]


def test_a_budget_beyond_all_items_ends_with_them():
    curve = run(named(["random"])["random"], budget=10_000)

    assert curve.labels[-1] == 120
    assert curve.accuracy[-1] == pytest.approx(full_accuracy(clouds(), LEARNER), abs=0.02)


def test_the_model_learns_what_the_annotator_says_and_is_tested_on_what_is_right():
    right, wrong = (run(named(["random"])["random"], annotator=noisy(share)) for share in (1.0, 0.2))

    np.testing.assert_array_equal(right.asked, wrong.asked)
    assert wrong.accuracy[-1] < right.accuracy[-1] - 0.2


def test_a_share_of_each_batch_is_drawn_at_random():
    picked = run(named(["margin"])["margin"])
    mixed = run(named(["margin"])["margin"], explore=0.4)

    # Six of the second batch are drawn, so nine are those of the smallest margin.
    assert mixed.asked[10:19].tolist() == picked.asked[10:19].tolist()
    assert mixed.asked[19:25].tolist() != picked.asked[19:25].tolist()


@pytest.mark.parametrize("wrong", [{"start": -1}, {"batch": 0}, {"budget": 0}, {"explore": 1.5}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        run(named(["random"])["random"], **wrong)


def test_a_strategy_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="no strategy “nonsense”"):
        named(["nonsense"])
