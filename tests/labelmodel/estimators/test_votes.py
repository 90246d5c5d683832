"""The border: what Votes, gold and prior refuse."""

import numpy as np
import pytest

from labelmodel.estimators import ESTIMATORS, Votes, update
from labelmodel.estimators.votes import arrange
from tests.labelmodel.estimators.crowds import votes_of

FIT = ESTIMATORS["dawid_skene"]


@pytest.mark.parametrize(
    ("arrays", "sizes", "message"),
    [
        (([0, 1], [0], [0, 1]), (2, 2, 2), "differ in length: 2, 1, 2"),
        (([0, 2], [0, 1], [0, 1]), (2, 2, 2), r"item must be in \[0, 2\), found 0 to 2"),
        (([0, 1], [0, 1], [0, -1]), (2, 2, 2), r"label must be in \[0, 2\), found -1 to 0"),
        (([0, 1], [0.0, 1.0], [0, 1]), (2, 2, 2), "source must hold integers, not float64"),
        (([[0], [1]], [0, 1], [0, 1]), (2, 2, 2), "item must have one dimension, not 2"),
        (([], [], []), (2, 2, 0), "n_labels must be at least 1"),
    ],
)
def test_votes_refuse(arrays, sizes, message):
    with pytest.raises(ValueError, match=message):
        Votes(*(np.array(values) for values in arrays), *sizes)


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        (([0, 1], [0]), "gold items and labels differ in length: 2, 1"),
        (([0, 0], [0, 1]), "gold gives item 0 more than one label"),
        (([5], [0]), r"gold item must be in \[0, 2\)"),
        (([0], [7]), r"gold label must be in \[0, 2\)"),
    ],
)
def test_gold_is_refused(gold, message):
    with pytest.raises(ValueError, match=message):
        FIT(votes_of((0, 0, 0), (1, 0, 1)), gold=gold)


@pytest.mark.parametrize("prior", [[1.0], [0.0, 0.0], [-1.0, 2.0], [np.nan, 1.0]])
def test_priors_are_refused(prior):
    with pytest.raises(ValueError, match="prior must be 2 finite numbers"):
        FIT(votes_of((0, 0, 0), (1, 0, 1)), prior=prior)


def test_update_refuses_another_number_of_labels():
    fit = FIT(votes_of((0, 0, 0), (1, 0, 1)))

    with pytest.raises(ValueError, match="the fit has 2 labels, these votes 3"):
        update(fit, votes_of((0, 0, 2)))


def test_repeated_gold_is_one_answer():
    evidence = arrange(votes_of((0, 0, 0), (1, 0, 1)), gold=(np.array([1, 1]), np.array([0, 0])))

    assert evidence.known[0].tolist() == [1]


def test_what_does_not_occur_is_left_out():
    evidence = arrange(votes_of((7, 0, 40), (3, 0, 2), n_labels=10_000), gold=(np.array([5]), np.array([2])))

    assert evidence.items.tolist() == [3, 5, 7]
    assert evidence.labels.tolist() == [2, 40]
    assert evidence.counts.tolist() == [[1, 0], [0, 0], [0, 1]]


def test_dawid_skene_says_when_there_are_too_many_labels():
    votes = votes_of(*((label, label % 1000, label) for label in range(400)), n_sources=1000)

    with pytest.raises(ValueError, match=r"confusion would hold 1001 x 400 x 400 numbers"):
        FIT(votes)


def test_a_posterior_beyond_any_use_is_refused_before_it_is_computed():
    with pytest.raises(ValueError, match="posterior would hold 1000000 x 10000 numbers"):
        FIT(votes_of((0, 0, 0), n_items=1_000_000, n_labels=10_000))
