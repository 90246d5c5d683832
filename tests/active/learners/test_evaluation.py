from dataclasses import asdict

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, f1_score, log_loss

from active.learners import KINDS, compare, evaluate, logistic, one_hot, out_of_fold
from active.learners.evaluation import calibration_error
from active.learners.folds import folds_of, strata_of
from active.learners.intervals import wilson
from tests.active.learners.rigs import blobs, claims


def test_scores_are_those_of_scikit_learn():
    probabilities, targets = claims(n=500)
    truth, said = targets.argmax(axis=1), probabilities.argmax(axis=1)
    exact = probabilities / probabilities.sum(axis=1, keepdims=True, dtype=float)

    scores = evaluate("single", probabilities, targets)

    assert scores.accuracy.value == pytest.approx((truth == said).mean())
    assert scores.macro_f1.value == pytest.approx(f1_score(truth, said, average="macro"))
    assert scores.log_loss.value == pytest.approx(log_loss(truth, exact), abs=1e-4)
    assert scores.brier.value == pytest.approx(brier_score_loss(truth, exact), abs=1e-4)
    assert sum(count for _, _, count in scores.confusion) == 500


def test_scores_of_sets_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    targets, probabilities = (rng.random((300, 4)) < 0.4).astype(float), rng.random((300, 4))
    said = probabilities >= 0.5

    scores = evaluate("set", probabilities, targets)

    assert scores.accuracy.value == pytest.approx((said == targets).all(axis=1).mean())
    assert scores.macro_f1.value == pytest.approx(f1_score(targets, said, average="macro"))
    assert scores.more["micro_f1"].value == pytest.approx(f1_score(targets, said, average="micro"))
    assert scores.log_loss.value == pytest.approx(
        np.mean([log_loss(targets[:, k], probabilities[:, k]) for k in range(4)]), abs=1e-4
    )
    assert scores.confusion == []


def test_ordered_labels_tell_how_far_off():
    probabilities = np.eye(4)[[0, 1, 3, 3]]
    targets = np.eye(4)[[0, 2, 3, 0]]

    scores = evaluate("ordinal", probabilities, targets)

    assert scores.more["absolute_error"].value == 1.0
    assert scores.more["within_one"].value == 0.75


def test_one_label_in_detail():
    probabilities, targets = np.eye(3)[[0, 0, 0, 1]], np.eye(3)[[0, 0, 1, 1]]

    first, second = evaluate("single", probabilities, targets).labels

    assert (first.label, first.precision, first.recall, first.support) == (0, pytest.approx(2 / 3), 1.0, 2)
    assert (second.precision, second.recall, second.f1) == (1.0, 0.5, pytest.approx(2 / 3))


@pytest.mark.parametrize("kind", KINDS)
def test_figures_lie_in_their_intervals_and_can_be_stored(kind):
    probabilities, targets = claims(n=200)

    scores = evaluate(kind, probabilities, targets)

    for figure in (scores.accuracy, scores.macro_f1, scores.log_loss, scores.brier, *scores.more.values()):
        assert figure.low <= figure.value <= figure.high
    assert orjson.loads(orjson.dumps(asdict(scores)))["n"] == 200


def test_calibration_error_is_small_for_honest_claims_and_large_for_boasts():
    honest, boasts = (evaluate("single", *claims(n=5000, sharper=by)) for by in (1.0, 4.0))

    assert honest.calibration_error < 0.02
    assert boasts.calibration_error > 0.1
    assert calibration_error(np.array([0.9, 0.9]), np.array([1.0, 0.0])) == pytest.approx(0.4)


def test_ten_thousand_labels_and_one_item():
    probabilities = np.zeros((1, 10_000))
    probabilities[0, 17] = 1.0

    scores = evaluate("single", probabilities, one_hot(np.array([17]), 10_000))

    assert scores.confusion == [(17, 17, 1)]
    assert scores.accuracy.low < 0.3


def test_refuses_no_items_and_other_shapes():
    with pytest.raises(ValueError, match="at least one"):
        evaluate("single", np.zeros((0, 2)), np.zeros((0, 2)))
    with pytest.raises(ValueError, match=r"\(2, 3\), \(2, 2\)"):
        evaluate("single", np.zeros((2, 3)), np.zeros((2, 2)))


@given(
    labels=st.lists(st.integers(0, 4), min_size=2, max_size=60),
    n_folds=st.integers(2, 6),
    seed=st.integers(0, 999),
)
@settings(max_examples=60)
def test_folds_are_even_and_follow_the_items(labels, n_folds, seed):
    labels, keys = np.array(labels), np.arange(len(labels)) * 7 + 3
    order = np.random.default_rng(seed).permutation(len(labels))

    fold = folds_of(keys, labels, n_folds)

    np.testing.assert_array_equal(folds_of(keys[order], labels[order], n_folds), fold[order])
    for rows in (labels >= 0, *(labels == label for label in range(5))):
        sizes = np.bincount(fold[rows], minlength=n_folds)
        assert sizes.max() - sizes.min() <= 1


def test_the_rarest_label_of_a_set_spreads_it():
    targets = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 0]], dtype=float)

    np.testing.assert_array_equal(strata_of(targets, "set"), [0, 1, 2, -1])


@pytest.mark.parametrize("kind", KINDS)
def test_out_of_fold_is_honest_about_random_labels(kind):
    features, _ = blobs(n=60, n_features=40)
    labels = np.random.default_rng(0).integers(3, size=60)

    predicted = out_of_fold(logistic.fit, features, one_hot(labels, 3), kind=kind, keys=np.arange(60))

    assert predicted.shape == (60, 3)
    assert (predicted.argmax(axis=1) == labels).mean() < 0.6


def test_a_label_seen_once_and_two_items():
    features, labels = blobs(n=20)
    labels[3] = 4

    predicted = out_of_fold(logistic.fit, features, one_hot(labels, 5))

    assert 0.0 < predicted[3, 4] < 0.2
    assert out_of_fold(logistic.fit, features[:2], one_hot(labels[:2], 5)).shape == (2, 5)
    with pytest.raises(ValueError, match="at least two items"):
        out_of_fold(logistic.fit, features[:1], one_hot(labels[:1], 5))


def test_wilson_of_nothing_and_of_all():
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    assert wilson(10, 10).low == pytest.approx(0.7225, abs=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_identical_models_do_not_differ(kind):
    probabilities, targets = claims(n=300)

    same = compare(kind, probabilities, probabilities, targets)

    assert (same.accuracy.value, same.accuracy.low, same.accuracy.high) == (0.0, 0.0, 0.0)
    assert not same.worse_beyond_noise
    assert not same.better_beyond_noise


def test_a_worse_model_is_worse_one_way_and_better_the_other():
    good, targets = claims(n=300, sharper=1.0)
    bad = np.roll(good, 1, axis=1)

    there, back = compare("single", bad, good, targets), compare("single", good, bad, targets)

    assert there.worse_beyond_noise
    assert back.better_beyond_noise
    assert there.accuracy.value == pytest.approx(-back.accuracy.value)


def test_noise_and_few_items_are_not_worse():
    good, targets = claims(n=300)
    noisy = good * np.random.default_rng(0).uniform(0.9, 1.1, good.shape)
    noisy /= noisy.sum(axis=1, keepdims=True)

    assert not compare("single", noisy, good, targets).worse_beyond_noise
    assert not compare("single", np.roll(good, 1, axis=1)[:9], good[:9], targets[:9]).worse_beyond_noise


def test_refuses_models_of_other_items():
    with pytest.raises(ValueError, match="the same items"):
        compare("single", np.zeros((2, 2)), np.zeros((3, 2)), np.zeros((2, 2)))
