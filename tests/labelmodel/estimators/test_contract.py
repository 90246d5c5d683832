"""What every estimator promises."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings

from labelmodel.estimators import (
    DEFAULT_FOR_FUNCTIONS,
    DEFAULT_FOR_PEOPLE,
    ESTIMATORS,
    Votes,
    from_bytes,
    to_bytes,
    update,
)
from tests.labelmodel.estimators.crowds import crowd, of_items, shuffled, small_crowds, votes_of

pytestmark = pytest.mark.parametrize("name", ESTIMATORS)

# Those that need not have many votes per source.
ROBUST = {"majority", "weighted_vote", DEFAULT_FOR_PEOPLE, DEFAULT_FOR_FUNCTIONS}
# Those that solve at once, or in a fixed number of rounds: there is no objective to climb.
CLOSED = {"majority", "weighted_vote", "triplet", DEFAULT_FOR_FUNCTIONS}
# Those that do not look at the prior when they learn about sources.
WITHOUT_PRIOR = {"majority", "weighted_vote"}
# Those to which missing votes say something, so that an item without votes has a little more than the prior.
HEARS_SILENCE = {DEFAULT_FOR_FUNCTIONS}


def assert_is_distribution(values, shape):
    assert values.shape == shape
    assert np.isfinite(values).all()
    assert values.min() >= 0
    np.testing.assert_allclose(values.sum(axis=-1), 1.0, atol=1e-9)


def test_shapes_and_sums(name):
    votes, _ = crowd()

    fit = ESTIMATORS[name](votes)

    assert_is_distribution(fit.posterior, (200, 3))
    assert_is_distribution(fit.prior, (3,))
    assert_is_distribution(fit.confusion, (20, 3, 3))
    assert fit.converged
    assert len(fit.objective) >= 1


def test_finds_the_truth_of_an_easy_crowd(name):
    votes, truth = crowd(accuracy=0.9)

    fit = ESTIMATORS[name](votes)

    assert np.mean(fit.posterior.argmax(axis=1) == truth) > 0.97
    assert fit.confusion[:, np.arange(3), np.arange(3)].mean() > (
        0.8 if name == DEFAULT_FOR_FUNCTIONS else 0.85
    )


def test_takes_the_same_arguments_as_all_others(name):
    parameters = inspect.signature(ESTIMATORS[name]).parameters

    assert list(parameters)[:4] == ["votes", "prior", "gold", "seed"]
    assert all(parameter.default is not parameter.empty for parameter in list(parameters.values())[1:])


@given(votes=small_crowds())
@example(votes=votes_of((0, 1, 0), (0, 1, 0), (1, 0, 1), n_sources=3))
@settings(max_examples=40, deadline=None)
def test_objective_never_falls(name, votes):
    trace = ESTIMATORS[name](votes, tolerance=0.0).objective if name not in CLOSED else np.zeros(2)

    assert (np.diff(trace) >= -1e-8 * (1.0 + np.abs(trace[1:]))).all()


@given(votes=small_crowds())
@settings(max_examples=40, deadline=None)
def test_any_small_crowd_gives_a_distribution(name, votes):
    fit = ESTIMATORS[name](votes)

    assert_is_distribution(fit.posterior, (votes.n_items, votes.n_labels))
    assert_is_distribution(fit.confusion, (votes.n_sources, votes.n_labels, votes.n_labels))


def test_order_of_votes_does_not_matter(name):
    votes, _ = crowd()

    one, other = ESTIMATORS[name](votes), ESTIMATORS[name](shuffled(votes))

    np.testing.assert_array_equal(one.posterior, other.posterior)


def test_is_deterministic_and_leaves_global_randomness_alone(name):
    votes, _ = crowd()
    before = np.random.get_state()[1].copy()

    one, other = ESTIMATORS[name](votes, seed=1), ESTIMATORS[name](votes, seed=1)

    np.testing.assert_array_equal(one.posterior, other.posterior)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_no_votes_at_all(name):
    fit = ESTIMATORS[name](Votes([], [], [], 3, 2, 4))

    np.testing.assert_allclose(fit.posterior, np.full((3, 4), 0.25))
    assert_is_distribution(fit.confusion, (2, 4, 4))


def test_no_items_and_no_sources(name):
    fit = ESTIMATORS[name](Votes([], [], [], 0, 0, 2))

    assert fit.posterior.shape == (0, 2)
    assert fit.confusion.shape == (0, 2, 2)


def test_an_item_without_votes_has_the_prior(name):
    votes, _ = crowd()
    wider = Votes(votes.item, votes.source, votes.label, 201, 20, 3)

    fit = ESTIMATORS[name](wider)

    np.testing.assert_allclose(fit.posterior[200], fit.parameters.without_votes, atol=1e-12)
    np.testing.assert_allclose(fit.posterior[200], fit.prior, atol=0.1 if name in HEARS_SILENCE else 1e-12)


def test_a_given_prior_is_kept_and_used(name):
    votes, _ = crowd()
    wider = Votes(votes.item, votes.source, votes.label, 201, 20, 3)

    fit = ESTIMATORS[name](wider, prior=np.array([8.0, 1.0, 1.0]))

    np.testing.assert_allclose(fit.prior, [0.8, 0.1, 0.1])
    np.testing.assert_allclose(
        fit.posterior[200], [0.8, 0.1, 0.1], atol=0.2 if name in HEARS_SILENCE else 1e-12
    )


def test_a_given_prior_changes_what_is_learned_about_sources(name):
    votes, _ = crowd(accuracy=0.6)

    fits = ESTIMATORS[name](votes, prior=[0.98, 0.01, 0.01]), ESTIMATORS[name](votes)

    assert name in WITHOUT_PRIOR or np.abs(fits[0].confusion - fits[1].confusion).max() > 0.03


def test_a_source_without_votes_has_the_pools_confusion(name):
    votes, _ = crowd()

    fit = ESTIMATORS[name](Votes(votes.item, votes.source, votes.label, 200, 21, 3))

    np.testing.assert_allclose(fit.confusion[20], fit.parameters.confusion(np.array([999]))[0])


def test_converged_says_whether_it_is(name):
    votes, _ = crowd(accuracy=0.6)
    if name in CLOSED:
        pytest.skip("has nothing to repeat")

    cut, whole, longer = (
        ESTIMATORS[name](votes, iterations=most, tolerance=least)
        for most, least in ((1, 1e-9), (2000, 1e-8), (500, -1.0))
    )

    assert not cut.converged
    assert whole.converged
    np.testing.assert_allclose(whole.posterior, longer.posterior, atol=0.01)


def test_a_prior_that_rules_out_what_was_voted_for(name):
    votes = votes_of((0, 0, 1), (1, 0, 1), n_items=3, n_labels=2)

    fit = ESTIMATORS[name](votes, prior=[1.0, 0.0], gold=([2], [1]))

    assert_is_distribution(fit.posterior, (3, 2))
    assert fit.posterior[2, 1] == 1.0


def test_has_a_page(name):
    page = Path(__file__).parents[3] / "docs" / "methods" / f"{name}.md"

    assert all(
        heading in page.read_text() for heading in ("## Model", "## Formula", "## Reference", "## Limits")
    )


def test_one_source(name):
    fit = ESTIMATORS[name](votes_of((0, 0, 1), (1, 0, 0), (2, 0, 1)))

    assert_is_distribution(fit.posterior, (3, 2))
    assert (fit.posterior[[0, 2], 1] > fit.posterior[1, 1] - 1e-9).all()


def test_one_label(name):
    fit = ESTIMATORS[name](votes_of((0, 0, 0), (1, 0, 0), (1, 1, 0)))

    np.testing.assert_allclose(fit.posterior, 1.0)
    np.testing.assert_allclose(fit.confusion, 1.0)


def test_unanimous_votes_are_believed(name):
    truth = np.arange(30) % 3
    votes = votes_of(*((item, source, truth[item]) for item in range(30) for source in range(4)))

    fit = ESTIMATORS[name](votes)

    # Functions that always say the same count about as one.
    least = 0.7 if name == DEFAULT_FOR_FUNCTIONS else 0.9
    assert fit.posterior[np.arange(30), truth].min() > least


def test_a_source_that_says_only_one_label(name):
    votes, truth = crowd(accuracy=0.9)
    items = np.arange(200)
    joined = (
        np.append(a, b)
        for a, b in ((votes.item, items), (votes.source, items * 0 + 20), (votes.label, items * 0))
    )

    fit = ESTIMATORS[name](Votes(*joined, 200, 21, 3))

    assert np.mean(fit.posterior.argmax(axis=1) == truth) > 0.95


def test_sources_with_one_vote_each(name):
    rng = np.random.default_rng(0)
    truth, item = np.arange(60) % 2, np.repeat(np.arange(60), 3)
    label = np.where(rng.random(180) < 0.9, truth[item], 1 - truth[item])

    fit = ESTIMATORS[name](Votes(item, np.arange(180), label, 60, 180, 2))

    assert_is_distribution(fit.posterior, (60, 2))
    assert name not in ROBUST or np.mean(fit.posterior.argmax(axis=1) == truth) > 0.9


@pytest.mark.parametrize("n_sources", [2, 1000])
def test_few_and_many_sources(name, n_sources):
    votes, truth = crowd(n_items=600, n_sources=n_sources, each=2, accuracy=0.95)

    fit = ESTIMATORS[name](votes)

    assert_is_distribution(fit.posterior, (600, 3))
    assert name not in ROBUST or np.mean(fit.posterior.argmax(axis=1) == truth) > 0.9


def test_ten_thousand_labels_of_which_few_occur(name):
    votes, truth = crowd(n_items=2000, n_sources=1000, accuracy=0.95)
    votes = Votes(votes.item, votes.source, votes.label * 4999, 2000, 1000, 10_000)

    fit = ESTIMATORS[name](votes)

    assert np.mean(fit.posterior.argmax(axis=1) == truth * 4999) > 0.9
    with pytest.raises(ValueError, match="confusion would hold 1000 x 10000 x 10000 numbers"):
        _ = fit.confusion


def test_gold_settles_its_items(name):
    votes, truth = crowd(accuracy=0.5)
    wrong = (truth[:10] + 1) % 3

    fit = ESTIMATORS[name](votes, gold=(np.arange(10), wrong))

    np.testing.assert_allclose(fit.posterior[np.arange(10), wrong], 1.0)


def test_gold_for_every_item_gives_the_confusion_itself(name):
    votes, truth = crowd(n_items=2000, n_sources=4, each=4, accuracy=0.7)
    right = np.mean(votes.label == truth[votes.item])

    fit = ESTIMATORS[name](votes, gold=(np.arange(2000), truth))

    np.testing.assert_array_equal(fit.posterior.argmax(axis=1), truth)
    assert fit.confusion[:, np.arange(3), np.arange(3)].mean() == pytest.approx(right, abs=0.03)


def test_gold_outweighs_what_the_votes_agree_on(name):
    votes, _ = crowd(n_items=600, n_sources=4, each=4, accuracy=0.9)
    unrelated = np.random.default_rng(1).integers(3, size=600)

    fit = ESTIMATORS[name](votes, gold=(np.arange(600), unrelated))

    assert fit.confusion[:, np.arange(3), np.arange(3)].mean() == pytest.approx(1 / 3, abs=0.06)


def test_blocks_do_not_show(name, monkeypatch):
    votes, truth = crowd()
    gold = np.arange(190, 200), (truth[190:] + 1) % 3
    whole = ESTIMATORS[name](votes, gold=gold)
    monkeypatch.setattr("labelmodel.estimators.votes.BLOCK", 7)

    np.testing.assert_allclose(ESTIMATORS[name](votes, gold=gold).posterior, whole.posterior, atol=1e-6)


def test_update_repeats_the_last_e_step(name):
    votes, truth = crowd()
    gold = np.arange(5), truth[:5]
    fit = ESTIMATORS[name](votes, gold=gold)
    some = np.array([3, 4, 70, 199])

    np.testing.assert_allclose(update(fit, votes, gold=gold), fit.posterior, atol=1e-12)
    fresh = update(fit, of_items(votes, some), gold=([0, 1], truth[3:5]))
    np.testing.assert_allclose(fresh, fit.posterior[some], atol=1e-12)


def test_update_takes_an_unknown_source_for_one_of_the_pool(name):
    votes, _ = crowd(accuracy=0.95)
    fit = ESTIMATORS[name](votes)

    posterior = update(fit, votes_of((0, 20, 1), (0, 999, 1), n_sources=1000, n_labels=3))

    assert posterior[0, 1] > 0.8


def test_update_meets_a_label_that_the_fit_did_not(name):
    fit = ESTIMATORS[name](votes_of((0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 1), n_labels=5))

    posterior = update(fit, votes_of((0, 0, 3), (0, 1, 3), (0, 7, 3), n_labels=5))

    assert_is_distribution(posterior, (1, 5))
    assert posterior[0, 3] > 0.1


def test_update_after_a_fit_without_votes(name):
    fit = ESTIMATORS[name](Votes([], [], [], 0, 0, 3))

    posterior = update(fit, votes_of((0, 0, 2), (0, 1, 2), n_labels=3))

    assert_is_distribution(posterior, (1, 3))
    assert posterior[0].argmax() == 2


def test_parameters_survive_storage(name):
    votes, _ = crowd()
    fit = ESTIMATORS[name](votes)

    stored = to_bytes(fit.parameters)

    np.testing.assert_allclose(update(from_bytes(stored), votes), fit.posterior, atol=1e-12)
    assert len(stored) < 20_000


def test_the_default_is_listed(name):
    assert {DEFAULT_FOR_PEOPLE, DEFAULT_FOR_FUNCTIONS} <= set(ESTIMATORS)
    assert name == name.lower()
