"""What one more judgment is worth, against the sum over all that may be said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from active.acquisition import value_of_judgment
from tests.active.acquisition.pools import chances


def by_hand(distribution, accuracy):
    """sum_y max_j p_j c_jy - max_j p_j, c being the judge's confusion."""
    k = distribution.shape[1]
    confusion = np.full((k, k), (1 - accuracy) / max(k - 1, 1)) + np.eye(k) * (
        accuracy - (1 - accuracy) / max(k - 1, 1)
    )
    return (distribution[:, :, None] * confusion).max(axis=1).sum(axis=1) - distribution.max(axis=1)


@given(k=st.integers(2, 6), accuracy=st.floats(0, 1), sharpness=st.floats(0, 8), seed=st.integers(0, 99))
def test_is_the_sum_over_all_votes(k, accuracy, sharpness, seed):
    distribution = chances(np.random.default_rng(seed), 20, k, sharpness=sharpness)

    np.testing.assert_allclose(
        value_of_judgment(distribution, accuracy), by_hand(distribution, accuracy), atol=2e-6
    )


def test_takes_an_accuracy_for_each_item():
    distribution, accuracy = chances(np.random.default_rng(0), 50, 4), np.linspace(0.0, 1.0, 50)

    one_by_one = [
        value_of_judgment(row[None], right)[0] for row, right in zip(distribution, accuracy, strict=True)
    ]

    np.testing.assert_allclose(value_of_judgment(distribution, accuracy), one_by_one, atol=1e-6)


def test_a_judge_who_is_always_right_is_worth_all_that_is_missing():
    np.testing.assert_allclose(
        value_of_judgment([[0.6, 0.3, 0.1], [1.0, 0.0, 0.0]], 1.0), [0.4, 0.0], atol=1e-6
    )


def test_a_vote_that_cannot_change_the_answer_is_worth_nothing():
    np.testing.assert_allclose(value_of_judgment([[0.9, 0.1], [0.5, 0.5]], 0.8), [0.0, 0.3], atol=1e-6)


def test_one_label_leaves_nothing_to_say():
    assert value_of_judgment(np.ones((3, 1)), 0.9).tolist() == [0.0, 0.0, 0.0]
    assert value_of_judgment(np.ones((0, 4)), 0.9).shape == (0,)


@pytest.mark.parametrize("accuracy", [-0.1, 1.1, np.nan])
def test_refuses_an_accuracy_that_is_none(accuracy):
    with pytest.raises(ValueError, match=r"accuracy must be in \[0, 1\]"):
        value_of_judgment([[0.5, 0.5]], accuracy)


def test_refuses_rows_that_are_no_distributions():
    with pytest.raises(ValueError, match="distribution: row 1 holds NaN or infinity"):
        value_of_judgment([[0.5, 0.5], [np.nan, 0.5]], 0.9)
