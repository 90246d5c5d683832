"""What the default for functions promises beyond the contract."""

import numpy as np
import pytest

from labelmodel.estimators import DEFAULT_FOR_FUNCTIONS, ESTIMATORS, from_bytes, to_bytes, update
from labelmodel.estimators.discounted_evidence import pairs_of
from labelmodel.estimators.reliability import held_out, reliability
from tests.labelmodel.estimators.functions import accuracy, functions, log_loss, votes_from

fit = ESTIMATORS[DEFAULT_FOR_FUNCTIONS]


@pytest.mark.parametrize("copies", [2, 100])
def test_a_function_and_its_copies_count_about_as_one(copies):
    matrix, truth = functions(accuracy=0.75)
    more = np.repeat(matrix[:, :1], copies - 1, axis=1)

    one = fit(votes_from(matrix)).posterior
    many = fit(votes_from(np.concatenate([matrix, more], axis=1))).posterior

    assert np.abs(many - one).mean() < 0.03
    assert accuracy(many, truth) > accuracy(one, truth) - 0.02


def test_near_copies_are_told_as_dependent_and_others_are_not():
    matrix, _ = functions(n_functions=8)
    near = np.where(np.random.default_rng(1).random(len(matrix)) < 0.9, matrix[:, 0], -1)

    pairs = pairs_of(fit(votes_from(np.column_stack([matrix, near]))).parameters).toarray()

    assert pairs[0, 8] == pairs[8, 0] > 0.5
    assert np.delete(np.delete(pairs, 8, 0), 8, 1).max() < 0.2


def test_the_balance_is_found_where_one_label_is_rare():
    matrix, truth = functions(n_items=4000, n_functions=14, coverage=0.06, shares=(0.85, 0.15))

    found = fit(votes_from(matrix)).prior

    assert 0.65 < found[0] < 0.95
    assert accuracy(fit(votes_from(matrix)).posterior, truth) > 0.85


def test_the_posterior_does_not_drift_to_the_label_whose_functions_tell_more():
    matrix, truth = functions(n_items=3000, n_functions=80, coverage=0.05, accuracy=0.75, shares=(0.76, 0.24))

    found = fit(votes_from(matrix))

    assert np.abs(found.posterior.mean(axis=0) - found.prior).max() < 0.15
    assert accuracy(found.posterior, truth) > 0.72


def test_missing_votes_say_something_where_functions_of_a_label_rarely_miss_it():
    matrix, _ = functions(coverage=0.35, accuracy=0.95)
    matrix = matrix[:, ::2]  # all vote for label 0

    posterior = fit(votes_from(matrix), prior=[0.5, 0.5]).parameters.without_votes

    assert posterior[1] > 0.6


def test_what_people_labeled_exposes_a_bad_function():
    matrix, truth = functions(n_items=2000, n_functions=6, accuracy=0.9)
    wrong = np.where(np.random.default_rng(2).random(2000) < 0.3, 1 - truth, -1)
    matrix = np.column_stack([matrix, wrong])
    gold = np.arange(200), truth[:200]

    blind, told = fit(votes_from(matrix)), fit(votes_from(matrix), gold=gold)

    assert told.confusion[6, 0, 1] > 0.7
    assert log_loss(told.posterior[200:], truth[200:]) < 0.9 * log_loss(blind.posterior[200:], truth[200:])


def test_labels_of_people_make_it_colder_or_hotter_and_better_calibrated():
    matrix, truth = functions(n_items=3000, n_functions=12, coverage=0.25, accuracy=0.95)
    gold = np.arange(300), truth[:300]

    blind, told = fit(votes_from(matrix)), fit(votes_from(matrix), gold=gold)

    assert blind.parameters.arrays["coldness"][0] == 1.0
    assert told.parameters.arrays["coldness"][0] > 1.0
    assert log_loss(told.posterior[300:], truth[300:]) < log_loss(blind.posterior[300:], truth[300:])


@pytest.mark.parametrize("n_labels", [2, 4])
def test_its_chances_hold_on_independent_functions(n_labels):
    matrix, truth = functions(n_items=4000, n_labels=n_labels, n_functions=6 * n_labels, accuracy=0.8)

    found = reliability(fit(votes_from(matrix, n_labels)).posterior, truth)

    assert found.calibration_error < 0.1
    assert found.log_loss < 1.0


def test_a_sample_of_many_items_teaches_the_same(monkeypatch):
    matrix, truth = functions(n_items=8000)
    votes, gold = votes_from(matrix), (np.arange(30), truth[:30])
    whole = fit(votes, gold=gold)
    monkeypatch.setattr("labelmodel.estimators.learning_rows.VOTES", 200)

    some = fit(votes, gold=gold)

    assert 0 < np.abs(some.posterior - whole.posterior).mean() < 0.03
    np.testing.assert_array_equal(some.posterior[np.arange(30), truth[:30]], 1.0)


def test_new_items_are_judged_by_stored_parameters_as_the_fit_judged_them():
    matrix, _ = functions()
    matrix = np.column_stack([matrix, matrix[:, 0]])
    fitted = fit(votes_from(matrix))
    some = np.arange(100, 140)

    posterior = update(from_bytes(to_bytes(fitted.parameters)), votes_from(matrix[some]))

    np.testing.assert_allclose(posterior, fitted.posterior[some], atol=1e-9)


def test_reliability_counts_what_was_right_in_each_bin():
    posterior = np.array([[0.95, 0.05], [0.92, 0.08], [0.45, 0.55], [0.6, 0.4]])

    found = reliability(posterior, np.array([0, 1, 1, 0]))

    assert found.items.tolist() == [0, 0, 0, 0, 0, 1, 1, 0, 0, 2]
    assert found.accuracy[[5, 6, 9]].tolist() == [1.0, 1.0, 0.5]
    assert found.confidence[9] == pytest.approx(0.935)
    assert found.brier == pytest.approx(np.mean([0.005, 1.6928, 0.405, 0.32]))


def test_held_out_items_are_judged_without_their_labels():
    matrix, truth = functions(n_items=800)
    known = np.arange(0, 800, 4)
    flipped = 1 - truth[known]

    item, posterior = held_out(fit, votes_from(matrix), (known, flipped))

    np.testing.assert_array_equal(item, known)
    np.testing.assert_allclose(posterior.sum(axis=1), 1.0)
    assert posterior[np.arange(len(known)), flipped].max() < 1.0
