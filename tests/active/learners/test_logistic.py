import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from active.learners import logistic, one_hot
from active.learners.examples import examples
from active.learners.lbfgs import minimise
from active.learners.logistic import Objective, beginning, preconditioner
from tests.active.learners.rigs import blobs

EXACT = {"tolerance": 1e-6, "iterations": 1000}


@pytest.mark.parametrize("n_labels", [3, 7])
@pytest.mark.parametrize("c", [0.1, 10.0])
def test_is_what_scikit_learn_finds(n_labels, c):
    features, labels = blobs(n=300, n_labels=n_labels, apart=1.0)
    weights = np.random.default_rng(0).uniform(0.2, 2.0, 300)
    peer = LogisticRegression(C=c, tol=1e-8, max_iter=5000).fit(features, labels, weights)

    model = logistic.fit(features, one_hot(labels, n_labels), weights=weights, c=c, **EXACT)

    np.testing.assert_allclose(model.predict(features), peer.predict_proba(features), atol=2e-3)


def test_a_set_is_one_label_against_the_rest_each():
    features, labels = blobs(apart=1.0)
    peer = LogisticRegression(C=10.0, tol=1e-8, max_iter=5000).fit(features, labels == 1)

    model = logistic.fit(features, one_hot(labels, 3), kind="set", **EXACT)

    np.testing.assert_allclose(model.predict(features)[:, 1], peer.predict_proba(features)[:, 1], atol=2e-3)


def test_weight_2_is_the_row_twice():
    features, labels = blobs(apart=1.0)
    weights, targets = 1.0 + np.arange(90) % 2, np.eye(3)[labels]
    twice = np.repeat(np.arange(90), weights.astype(int))

    weighted = logistic.fit(features, targets, weights=weights, **EXACT)

    repeated = logistic.fit(features[twice], targets[twice], **EXACT)
    np.testing.assert_allclose(weighted.predict(features), repeated.predict(features), atol=1e-3)


def test_a_soft_target_is_a_mixture_of_rows():
    features, labels = blobs(apart=1.0)
    one, other = np.eye(3)[labels], np.eye(3)[(labels + 1) % 3]

    soft = logistic.fit(features, 0.75 * one + 0.25 * other, **EXACT)

    rows = np.vstack([one, other]), np.repeat([0.75, 0.25], 90)
    mixed = logistic.fit(np.tile(features, (2, 1)), rows[0], weights=rows[1], **EXACT)
    np.testing.assert_allclose(soft.predict(features), mixed.predict(features), atol=1e-3)


@given(seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(["single", "set", "ordinal"]))
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_and_the_precision_of_targets_do_not_matter(seed, kind):
    features, labels = blobs(n=40, apart=1.0)
    targets, order = np.eye(3)[labels], np.random.default_rng(seed).permutation(40)

    one = logistic.fit(features, targets, kind=kind, **EXACT)
    other = logistic.fit(features[order], targets[order], kind=kind, **EXACT)

    np.testing.assert_allclose(one.predict(features), other.predict(features), atol=2e-3)


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 30),
    c=st.sampled_from([0.01, 1.0, 1000.0]),
    kind=st.sampled_from(["single", "set", "ordinal"]),
)
@settings(max_examples=60, deadline=None)
def test_the_objective_never_rises(seed, n, c, kind):
    rng = np.random.default_rng(seed)
    targets = rng.dirichlet([0.2] * 4, size=n)
    given = examples(rng.standard_normal((n, 5)) * 3, targets, kind, rng.uniform(0.1, 2.0, n))
    mean = given.features.mean(axis=0)
    penalty = 1.0 / (c * float(given.weights.sum()))

    found = minimise(
        Objective(given, mean, penalty),
        beginning(given, None, mean),
        preconditioner(given, mean, penalty),
        iterations=50,
        tolerance=1e-5,
    )

    trace = np.array(found.trace)
    assert (np.diff(trace) <= 2e-6 * np.abs(trace[1:])).all()


def test_ordered_labels_share_one_direction():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((2000, 4)).astype(np.float32)
    way, noise = np.array([2.0, -1.0, 0.0, 0.5]), rng.logistic(size=2000)
    labels = np.digitize(features @ way + noise, [-2.0, 0.0, 3.0])

    model = logistic.fit(features, one_hot(labels, 4), kind="ordinal", c=1000.0, **EXACT)

    np.testing.assert_allclose(model.weights[:, 0], way, atol=0.25)
    np.testing.assert_allclose(model.bias, [2.0, 0.0, -3.0], atol=0.25)


def test_two_ordered_labels_are_two_labels():
    features, labels = blobs(n_labels=2, apart=0.5)
    peer = LogisticRegression(C=10.0, tol=1e-8, max_iter=5000).fit(features, labels)

    model = logistic.fit(features, one_hot(labels, 2), kind="ordinal", **EXACT)

    np.testing.assert_allclose(model.predict(features), peer.predict_proba(features), atol=2e-3)


def test_starts_from_an_earlier_model_of_ordered_labels():
    features, labels = blobs(n_labels=4)
    before = logistic.fit(features[labels != 2], one_hot(labels[labels != 2], 4), kind="ordinal")

    afresh, warm = (
        logistic.fit(features, one_hot(labels, 4), kind="ordinal", start=s) for s in (None, before)
    )

    np.testing.assert_allclose(warm.predict(features), afresh.predict(features), atol=0.02)


def test_starts_from_an_earlier_model():
    features, labels = blobs(n=600, n_features=20, apart=0.5)
    before = logistic.fit(features[:500], one_hot(labels[:500], 3))

    afresh, warm = (logistic.fit(features, one_hot(labels, 3), start=start) for start in (None, before))

    assert warm.iterations < afresh.iterations
    np.testing.assert_allclose(warm.predict(features), afresh.predict(features), atol=0.02)


@pytest.mark.parametrize("kind", ["single", "set", "ordinal"])
def test_has_nothing_to_do_where_it_is_already(kind):
    features, labels = blobs(apart=1.0)
    model = logistic.fit(features, one_hot(labels, 3), kind=kind, tolerance=1e-5)

    assert logistic.fit(features, one_hot(labels, 3), kind=kind, start=model).iterations == 0


def test_starts_from_a_model_that_knew_fewer_labels():
    features, labels = blobs()
    few = labels < 2
    before = logistic.fit(features[few], one_hot(labels[few], 3))

    model = logistic.fit(features, one_hot(labels, 3), start=before)

    assert (model.predict(features).argmax(axis=1) == labels).mean() > 0.9


def test_refuses_to_start_from_a_model_of_something_else():
    features, labels = blobs()
    before = logistic.fit(features[:, :4], one_hot(labels, 3))

    with pytest.raises(ValueError, match="start is for single of 3 labels and 4 features"):
        logistic.fit(features, one_hot(labels, 3), start=before)


def test_blocks_of_rows_do_not_show(monkeypatch):
    features, labels = blobs(n=200, apart=0.7)
    whole = logistic.fit(features, one_hot(labels, 3), **EXACT)

    monkeypatch.setattr("active.learners.logistic.BLOCK", 37)

    in_blocks = logistic.fit(features, one_hot(labels, 3), **EXACT)
    np.testing.assert_allclose(in_blocks.predict(features), whole.predict(features), atol=1e-3)


def test_says_when_it_did_not_converge():
    features, labels = blobs(apart=0.5)

    cut, whole = (logistic.fit(features, one_hot(labels, 3), iterations=most) for most in (1, 200))

    assert (cut.converged, cut.iterations) == (False, 1)
    assert whole.converged


def test_features_of_another_scale_still_converge():
    features, labels = blobs()

    model = logistic.fit(1000.0 * features + 1e4, one_hot(labels, 3))

    assert model.converged
    assert (model.predict(1000.0 * features + 1e4).argmax(axis=1) == labels).mean() > 0.9


@pytest.mark.parametrize(
    ("targets", "weights", "message"),
    [
        (np.eye(3)[:2], None, "differ in rows: 3, 2"),
        (np.full((3, 3), 0.5), None, "row 0 adds up to 1.5"),
        (-np.eye(3), None, r"must be in \[0, 1\], found -1"),
        (np.full((3, 3), np.nan), None, "targets hold NaN"),
        (np.zeros((3, 0)), None, "at least one label"),
        (np.eye(3), [1.0, 1.0], "weights must be 3 numbers"),
        (np.eye(3), [1.0, -1.0, 1.0], "at least 0"),
        (np.eye(3), [0.0, 0.0, 0.0], "no row to learn from"),
    ],
)
def test_refuses_what_is_wrong(targets, weights, message):
    with pytest.raises(ValueError, match=message):
        logistic.fit(np.zeros((3, 2), dtype=np.float32), targets, weights=weights)


def test_refuses_an_unknown_kind_and_labels_out_of_range():
    with pytest.raises(ValueError, match="kind must be one of single, set, ordinal"):
        logistic.fit(np.zeros((3, 2)), np.eye(3), kind="many")
    with pytest.raises(ValueError, match=r"labels must be in \[0, 3\), found 0 to 3"):
        one_hot(np.arange(4), 3)
