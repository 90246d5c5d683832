"""Accuracy per source, with intervals."""

import numpy as np

from labelmodel.estimators import ESTIMATORS, source_accuracy
from tests.labelmodel.estimators.crowds import crowd, votes_of


def with_gold(votes, truth):
    return ESTIMATORS["majority"](votes, gold=(np.arange(votes.n_items), truth))


def test_the_interval_holds_the_mean_and_shrinks_with_evidence():
    few, many = (
        source_accuracy(v, with_gold(v, t)) for v, t in (crowd(40, 4, each=4), crowd(4000, 4, each=4))
    )

    assert (few.low < few.accuracy).all()
    assert (few.accuracy < few.high).all()
    assert ((many.high - many.low) < (few.high - few.low) / 5).all()


def test_gold_counts_every_vote_in_full():
    votes, truth = crowd(100, 4, each=4)

    result = source_accuracy(votes, with_gold(votes, truth))

    right = np.bincount(votes.source, votes.label == truth[votes.item])
    np.testing.assert_allclose(result.judgments, 100)
    np.testing.assert_allclose(result.accuracy, right / 100, atol=0.02)


def test_votes_on_undecided_items_are_no_evidence():
    votes = votes_of((0, 0, 0), (0, 1, 1))

    result = source_accuracy(votes, ESTIMATORS["majority"](votes))

    np.testing.assert_allclose(result.judgments, 0.0, atol=1e-12)
    assert (result.high - result.low > 0.6).all()


def test_a_wider_level_is_a_wider_interval():
    votes, truth = crowd()
    fit = with_gold(votes, truth)

    narrow, wide = (source_accuracy(votes, fit, level=level) for level in (0.5, 0.99))

    assert (wide.low < narrow.low).all()
    assert (narrow.high < wide.high).all()


def test_a_source_without_votes_has_the_pool_and_a_wide_interval():
    votes, truth = crowd(n_sources=20)
    votes = type(votes)(votes.item, votes.source, votes.label, 200, 21, 3)

    result = source_accuracy(votes, with_gold(votes, truth))

    assert result.judgments[20] == 0
    assert result.high[20] - result.low[20] > 0.6
