"""Label models on labeling functions, which vote for one label only and mostly abstain."""

import numpy as np
import pytest

from labelmodel.estimators import ESTIMATORS, Votes, update
from tests.labelmodel.estimators.crowds import crowd
from tests.labelmodel.estimators.functions import accuracy, functions, log_loss, votes_from

FOR_FUNCTIONS = ("weighted_vote", "dawid_skene", "matrix_completion", "triplet", "discounted_evidence")


@pytest.mark.parametrize("name", FOR_FUNCTIONS)
@pytest.mark.parametrize(("n_labels", "shares"), [(2, None), (2, (0.8, 0.2)), (4, None)])
def test_one_label_functions_do_not_make_it_collapse(name, n_labels, shares):
    matrix, truth = functions(n_labels=n_labels, n_functions=6 * n_labels, shares=shares)
    covered = (matrix >= 0).any(axis=1)

    posterior = ESTIMATORS[name](votes_from(matrix, n_labels)).posterior

    assert accuracy(posterior[covered], truth[covered]) > 0.8
    assert np.bincount(posterior.argmax(axis=1), minlength=n_labels).min() > 0.3 * truth.size / 10


@pytest.mark.parametrize("name", FOR_FUNCTIONS)
def test_items_and_sources_may_change_places(name):
    matrix, _ = functions()
    rng = np.random.default_rng(3)
    items, sources = rng.permutation(matrix.shape[0]), rng.permutation(matrix.shape[1])

    one = ESTIMATORS[name](votes_from(matrix)).posterior
    other = ESTIMATORS[name](votes_from(matrix[items][:, sources])).posterior

    np.testing.assert_allclose(other, one[items], atol=1e-4)


@pytest.mark.parametrize("name", FOR_FUNCTIONS)
def test_labels_may_change_names(name):
    matrix, _ = functions(n_labels=3, n_functions=12)
    names = np.array([2, 0, 1])
    renamed = np.where(matrix >= 0, names[matrix], -1)

    one = ESTIMATORS[name](votes_from(matrix, 3)).posterior
    other = ESTIMATORS[name](votes_from(renamed, 3)).posterior

    np.testing.assert_allclose(other[:, names], one, atol=1e-4)


@pytest.mark.parametrize("name", FOR_FUNCTIONS)
@pytest.mark.parametrize("odd", ["everything", "nothing", "one item"])
def test_an_odd_function_does_no_harm(name, odd):
    matrix, truth = functions(n_functions=12, coverage=0.2)
    more = np.full((len(matrix), 1), 0 if odd == "everything" else -1)
    if odd == "one item":
        more[7] = 0

    without = accuracy(ESTIMATORS[name](votes_from(matrix)).posterior, truth)
    fit = ESTIMATORS[name](votes_from(np.concatenate([matrix, more], axis=1)))

    # A vote count, and a balance by vote counts, believe what is said of everything.
    believing = name in {"weighted_vote", "matrix_completion", "triplet"}
    slack = 0.2 if odd == "everything" and believing else 0.02
    assert accuracy(fit.posterior, truth) > without - slack


def test_dawid_skene_counts_missing_votes_only_where_sources_use_one_label():
    people, _ = crowd()
    matrix, _ = functions()
    fits = [ESTIMATORS["dawid_skene"](votes) for votes in (people, votes_from(matrix))]

    assert ["chance" in fit.parameters.arrays for fit in fits] == [False, True]


def test_dawid_skene_can_be_told_whether_missing_votes_count():
    people, truth = crowd(accuracy=0.9)

    fit = ESTIMATORS["dawid_skene"](people, abstention=True)

    assert accuracy(fit.posterior, truth) > 0.95
    assert (np.diff(fit.objective) >= -1e-8 * (1.0 + np.abs(fit.objective[1:]))).all()


def test_dawid_skene_with_missing_votes_climbs_and_repeats_its_last_step():
    matrix, truth = functions()
    votes, gold = votes_from(matrix), (np.arange(50), truth[:50])

    fit = ESTIMATORS["dawid_skene"](votes, gold=gold, tolerance=0.0)

    assert (np.diff(fit.objective) >= -1e-8 * (1.0 + np.abs(fit.objective[1:]))).all()
    np.testing.assert_allclose(update(fit, votes, gold=gold), fit.posterior, atol=1e-9)
    np.testing.assert_array_equal(fit.posterior[np.arange(50), truth[:50]], 1.0)


def test_missing_votes_are_heard_though_their_source_is_not_among_the_new_votes():
    matrix, _ = functions()
    fit = ESTIMATORS["dawid_skene"](votes_from(matrix))
    alone = np.flatnonzero((matrix >= 0).sum(axis=1) == 1)[0]
    source = np.flatnonzero(matrix[alone] >= 0)

    one = Votes(source * 0, source, matrix[alone, source], 1, 10, 2)

    np.testing.assert_allclose(update(fit, one)[0], fit.posterior[alone], atol=1e-9)


@pytest.mark.parametrize("name", ["matrix_completion", "triplet"])
def test_the_chances_of_independent_functions_are_found(name):
    matrix, truth = functions(n_items=20_000, n_functions=8, coverage=0.3, accuracy=0.8)
    true = np.array([[(matrix[truth == k, s] == s % 2).mean() for k in range(2)] for s in range(8)])

    arrays = ESTIMATORS[name](votes_from(matrix), prior=[0.5, 0.5]).parameters.arrays
    found = arrays["chance"][np.arange(8), :, np.arange(8) % 2]

    np.testing.assert_allclose(found, true, atol=0.06)


def test_log_loss_of_independent_functions_is_near_the_best_there_is():
    matrix, truth = functions(n_items=4000, n_functions=8, coverage=0.2, accuracy=0.85)

    loss = log_loss(ESTIMATORS["dawid_skene"](votes_from(matrix)).posterior, truth)

    assert loss < 0.5
