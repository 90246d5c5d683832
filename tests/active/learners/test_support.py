import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from active.learners.heads import between, cumulative
from active.learners.support import support


def test_what_nobody_used_gets_less_the_more_is_labeled():
    few, many = (support("single", np.array([n, n, 0.0]), 2 * n) for n in (2.0, 200.0))

    assert few.others[2] == pytest.approx(1 / 3)
    assert many.others[2] == pytest.approx(2 / 402)
    assert many.share == pytest.approx(1 - 2 / 402)


def test_nobody_used_any_but_one_of_two():
    assert support("single", np.array([1.0, 0.0]), 1.0).others[1] == 0.5
    assert support("single", np.array([9.0, 0.0]), 9.0).others[1] == pytest.approx(0.1)


def test_rows_of_hardly_any_weight_still_have_their_labels():
    found = support("single", np.array([1e-6, 1e-6, 0.0]), 2e-6)

    np.testing.assert_array_equal(found.labels, [0, 1])


def test_a_label_of_a_set_that_is_always_right_is_not_certain():
    found = support("set", np.array([10.0, 0.0, 4.0]), 10.0)

    np.testing.assert_array_equal(found.labels, [2])
    np.testing.assert_allclose(found.others[:2], [10.5 / 11, 0.5 / 11])


@given(seed=st.integers(0, 2**32 - 1), n_labels=st.integers(1, 6))
@settings(max_examples=50)
def test_ordered_targets_survive_the_way_there_and_back(seed, n_labels):
    targets = np.random.default_rng(seed).dirichlet([0.5] * n_labels, size=8).astype(np.float32)

    np.testing.assert_allclose(between(cumulative(targets)), targets, atol=1e-5)


def test_chances_that_rise_are_made_to_fall():
    assert between(np.array([[0.4, 0.8]])).min() >= 0.0
    np.testing.assert_allclose(between(np.array([[0.4, 0.8]])), [[0.4, 0.0, 0.6]])
