"""From scores to picks: the highest, and of equal ones always the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from active.acquisition.ranking import top_n

few_values = arrays(np.float32, st.integers(0, 30), elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0]))


@given(score=few_values, n=st.integers(0, 35))
def test_is_the_beginning_of_a_stable_sort(score, n):
    picks = top_n(score, n)

    np.testing.assert_array_equal(picks.index, np.argsort(-score, kind="stable")[:n])
    np.testing.assert_array_equal(picks.score, score[picks.index].astype(np.float64))


@given(score=few_values, n=st.integers(0, 35), data=st.data())
def test_a_second_score_decides_between_equal_ones(score, n, data):
    then = data.draw(arrays(np.float32, len(score), elements=st.sampled_from([0.0, 1.0])))
    expected = sorted(range(len(score)), key=lambda row: (-score[row], -then[row], row))

    np.testing.assert_array_equal(top_n(score, n, then).index, expected[:n])
