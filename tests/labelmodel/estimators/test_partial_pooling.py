"""What the default promises beyond the contract."""

import numpy as np
import pytest

from labelmodel.estimators import ESTIMATORS, Votes, update
from labelmodel.estimators.forms import scores, scores_of_votes
from labelmodel.estimators.pooling import expected_confusion
from labelmodel.estimators.votes import arrange
from tests.labelmodel.estimators.crowds import crowd, votes_of

FIT = ESTIMATORS["partial_pooling"]


def accuracy(fit, truth):
    return np.mean(fit.posterior.argmax(axis=1) == truth)


def log_loss(fit, truth):
    return -np.mean(np.log(fit.posterior[np.arange(len(truth)), truth]))


def copied(votes, times):
    """Every vote cast by several sources that copy the first."""
    source = np.concatenate([votes.source + copy * votes.n_sources for copy in range(times)])
    item, label = (np.tile(values, times) for values in (votes.item, votes.label))
    return Votes(item, source, label, votes.n_items, votes.n_sources * times, votes.n_labels)


def test_a_source_of_few_votes_is_taken_for_the_pool_and_one_of_many_for_itself():
    votes, _ = crowd(2000, 6, n_labels=2, each=5, accuracy=0.9)
    liar = votes.source == 5
    label = np.where(liar, 1 - votes.label, votes.label)
    first = ~liar | (np.cumsum(liar) <= 3)

    many = FIT(Votes(votes.item, votes.source, label, 2000, 6, 2))
    few = FIT(Votes(votes.item[first], votes.source[first], label[first], 2000, 6, 2))

    assert many.confusion[5, 0, 0] < 0.2
    assert 0.4 < few.confusion[5, 0, 0] < 0.95


def test_what_is_expected_of_a_source_has_its_accuracy_and_the_pools_mistakes():
    pool = np.array([[60.0, 30.0, 10.0], [5.0, 90.0, 5.0], [0.0, 20.0, 80.0]])
    better = np.diag([40.0, 40.0, 40.0])

    first, second, typical = expected_confusion(np.stack([pool, better]))

    assert (np.diag(second) > np.diag(typical)).all()
    assert (np.diag(typical) > np.diag(first)).all()
    np.testing.assert_allclose(second[0, 1] / second[0, 2], typical[0, 1] / typical[0, 2])


def test_a_label_that_nobody_used_yet_stays_possible():
    fit = FIT(votes_of((0, 0, 1), n_labels=3))

    assert fit.posterior[0].argmax() == 1
    assert fit.posterior[0].min() > 0.01


@pytest.mark.parametrize("name", ["dawid_skene", "mace"])
def test_scores_of_single_votes_add_up(name):
    votes, _ = crowd()
    evidence, arrays = arrange(votes), ESTIMATORS[name](votes).parameters.arrays

    single = scores_of_votes(arrays, evidence, np.arange(len(votes)))

    added = np.stack([np.bincount(evidence.row, column) for column in single.T], axis=1)
    np.testing.assert_allclose(added, scores(arrays, evidence))


@pytest.mark.parametrize("seed", range(3))
def test_no_worse_than_majority_where_sources_have_few_votes(seed):
    votes, truth = crowd(n_items=150, n_sources=100, each=3, accuracy=0.7, seed=seed)

    assert accuracy(FIT(votes), truth) >= accuracy(ESTIMATORS["majority"](votes), truth) - 0.01


def test_a_rare_label_does_not_absorb_the_disagreement():
    rng = np.random.default_rng(0)
    truth, item = rng.random(400) < 0.05, np.repeat(np.arange(400), 3)
    label = np.where(rng.random(1200) < 0.85, truth[item], ~truth[item]).astype(int)

    fit = FIT(Votes(item, rng.integers(20, size=1200), label, 400, 20, 2))

    assert accuracy(fit, truth) > 0.93


def test_copied_votes_raise_the_dependence_and_do_not_ruin_the_calibration():
    votes, truth = crowd(n_items=400, n_labels=2, each=3, accuracy=0.7)

    alone, together = FIT(votes), FIT(copied(votes, 4))

    assert 0.1 <= alone.parameters.arrays["dependence"] < 0.3
    assert together.parameters.arrays["dependence"] > alone.parameters.arrays["dependence"] + 0.2
    assert log_loss(together, truth) < log_loss(ESTIMATORS["dawid_skene"](copied(votes, 4)), truth) / 2


def test_never_quite_certain_of_votes_alone():
    votes = votes_of(*((item, source, item % 2) for item in range(10) for source in range(50)))

    assert 0.95 < FIT(votes).posterior.max() < 0.9999


def test_gold_teaches_about_sources():
    votes, truth = crowd(n_items=60, n_sources=3, n_labels=2, each=3, accuracy=0.9)
    liars = np.where(votes.source > 0, 1 - votes.label, votes.label)
    lied = Votes(votes.item, votes.source, liars, 60, 3, 2)

    with_gold = FIT(lied, gold=(np.arange(30), truth[:30]))

    assert accuracy(FIT(lied), truth) < 0.3
    assert accuracy(with_gold, truth) > 0.9


def test_many_labels_and_sources_have_accuracies_alone():
    votes, truth = crowd(n_items=3000, n_sources=1000, n_labels=200, accuracy=0.8)

    fit = FIT(votes)

    assert "honesty" in fit.parameters.arrays
    assert accuracy(fit, truth) > 0.97
    np.testing.assert_allclose(update(fit, votes), fit.posterior, atol=1e-12)
