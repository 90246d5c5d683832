"""What every learner promises, whatever the kind of targets. test_contract.py and test_mlp.py run it."""

import inspect

import numpy as np
import pytest

from active.learners import KINDS, LEARNERS, model_from_bytes, one_hot
from tests.active.learners.rigs import QUICK, blobs, targets_of


def fitted(name, features, targets, **more):
    return LEARNERS[name](features, targets, **{**QUICK[name], **more})


def example(kind, **more):
    features, labels = blobs(**more)
    return features, targets_of(kind, labels, more.get("n_labels", 3)), labels


def assert_are_probabilities(kind, values, shape):
    assert values.shape == shape
    assert values.dtype == np.float32
    assert values.min() >= 0
    assert values.max() <= 1 + 1e-6
    if kind != "set":
        np.testing.assert_allclose(values.sum(axis=-1), 1.0, atol=1e-5)


class Contract:
    @pytest.mark.parametrize("kind", KINDS)
    def test_learns_and_generalises(self, name, kind):
        features, targets, _ = example(kind)
        unseen, right, _ = example(kind, seed=1)

        model = fitted(name, features, targets, kind=kind)

        predicted = model.predict(unseen)
        assert_are_probabilities(kind, predicted, (90, 3))
        assert ((predicted >= 0.5) == (right >= 0.5)).mean() > 0.85
        assert (model.kind, model.n_labels, model.n_features) == (kind, 3, 6)

    @pytest.mark.parametrize("kind", KINDS)
    def test_survives_storage(self, name, kind):
        features, targets, _ = example(kind)
        model = fitted(name, features, targets, kind=kind)

        again = model_from_bytes(model.to_bytes())

        np.testing.assert_array_equal(again.predict(features), model.predict(features))
        assert (again.options, again.converged, again.loss) == (model.options, model.converged, model.loss)
        votes = model.committee(features)
        assert votes is None or (again.committee(features) == votes).all()

    def test_takes_the_same_arguments_as_all_others(self, name):
        parameters = inspect.signature(LEARNERS[name]).parameters

        assert list(parameters)[:6] == ["features", "targets", "kind", "weights", "seed", "start"]
        assert all(one.default is not one.empty for one in list(parameters.values())[2:])

    def test_is_seeded_and_leaves_global_randomness_alone(self, name):
        features, targets, _ = example("single")
        before = np.random.get_state()[1].copy()

        one, other = (fitted(name, features, targets, seed=3).predict(features) for _ in range(2))

        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(np.random.get_state()[1], before)

    def test_a_row_of_weight_0_is_no_row(self, name):
        features, targets, _ = example("single")
        wrong = np.roll(targets, 1, axis=1)
        weights = np.repeat([1.0, 0.0], 90)

        model = fitted(name, np.tile(features, (2, 1)), np.vstack([targets, wrong]), weights=weights)

        np.testing.assert_array_equal(
            model.predict(features), fitted(name, features, targets).predict(features)
        )

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_heavier_of_two_answers_wins(self, name, kind):
        features, targets, _ = example(kind)
        wrong = np.roll(targets, 1, axis=1)
        weights = np.repeat([1.0, 0.2], 90)

        model = fitted(
            name, np.tile(features, (2, 1)), np.vstack([targets, wrong]), kind=kind, weights=weights
        )

        assert ((model.predict(features) >= 0.5) == (targets >= 0.5)).mean() > 0.8

    @pytest.mark.parametrize("kind", KINDS)
    def test_sparse_targets_are_the_same(self, name, kind):
        features, targets, _ = example(kind)
        from scipy.sparse import csr_array

        sparse = fitted(name, features, csr_array(targets), kind=kind).predict(features)

        np.testing.assert_allclose(
            sparse, fitted(name, features, targets, kind=kind).predict(features), atol=1e-3
        )

    @pytest.mark.parametrize("kind", KINDS)
    def test_only_one_label_so_far(self, name, kind):
        features, targets, _ = example(kind)
        targets[:], targets[:, 1] = 0.0, 1.0

        predicted = fitted(name, features, targets, kind=kind).predict(features)

        assert_are_probabilities(kind, predicted, (90, 3))
        assert (predicted.argmax(axis=1) == 1).all()
        assert predicted[:, [0, 2]].min() > 0.0
        assert predicted[:, [0, 2]].max() < 0.1

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_label_that_nobody_used_stays_possible(self, name, kind):
        features, targets, _ = example(kind)
        wider = np.insert(targets, 1, 0.0, axis=1)

        predicted = fitted(name, features, wider, kind=kind).predict(features)

        assert_are_probabilities(kind, predicted, (90, 4))
        assert predicted[:, 1].min() > 0.0
        assert predicted[:, 1].max() < 0.1

    @pytest.mark.parametrize("kind", KINDS)
    def test_two_items(self, name, kind):
        features, targets, _ = example(kind)

        model = fitted(name, features[:2], targets[:2], kind=kind)

        assert_are_probabilities(kind, model.predict(features), (90, 3))

    def test_one_item_and_one_label(self, name):
        model = fitted(name, np.zeros((1, 2), dtype=np.float32), np.ones((1, 1)))

        np.testing.assert_array_equal(model.predict(np.zeros((3, 2))), np.ones((3, 1)))

    @pytest.mark.parametrize("kind", KINDS)
    def test_identical_features_give_the_shares(self, name, kind):
        targets = np.repeat(np.eye(3, dtype=np.float32), [60, 30, 10], axis=0)

        model = fitted(name, np.ones((100, 4), dtype=np.float32), targets, kind=kind)

        np.testing.assert_allclose(model.predict(np.ones((1, 4)))[0], [0.6, 0.3, 0.1], atol=0.08)

    def test_ten_thousand_labels_of_which_few_occur(self, name):
        features, labels = blobs(n=60)
        targets = one_hot(labels * 4999, 10_000)

        model = fitted(name, features, targets)

        predicted = model.predict(features)
        assert (predicted.argmax(axis=1) == labels * 4999).mean() > 0.9
        assert_are_probabilities("single", predicted, (60, 10_000))
        assert len(model.to_bytes()) < 400_000

    def test_half_precision_is_read(self, name):
        features, targets, _ = example("single")
        model = fitted(name, features.astype(np.float16), targets)

        assert_are_probabilities("single", model.predict(features.astype(np.float16)), (90, 3))

    def test_blocks_do_not_show(self, name, monkeypatch):
        features, targets, _ = example("single")
        model = fitted(name, features, targets)
        whole = model.predict(features)

        monkeypatch.setattr("active.learners.model.BLOCK", 7)

        np.testing.assert_allclose(model.predict(features), whole, atol=1e-6)

    def test_a_committee_is_of_probabilities_that_differ(self, name):
        features, targets, _ = example("single", apart=1.0)

        votes = fitted(name, features, targets).committee(features)

        if votes is not None:
            assert_are_probabilities("single", votes, (len(votes), 90, 3))
            assert votes.std(axis=0).max() > 0.01

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_refuses_what_is_not_finite(self, name, bad):
        features, targets, _ = example("single")
        model = fitted(name, features, targets)
        features[4, 2] = bad

        with pytest.raises(ValueError, match="features hold NaN or infinity in row 4"):
            model.predict(features)
        with pytest.raises(ValueError, match="features hold NaN or infinity in row 4"):
            fitted(name, features, targets)

    def test_refuses_features_of_another_width(self, name):
        features, targets, _ = example("single")
        model = fitted(name, features, targets)

        with pytest.raises(ValueError, match=r"must be \(n, 6\), not \(90, 5\)"):
            model.predict(features[:, :5])

    def test_no_items_to_predict(self, name):
        features, targets, _ = example("single")

        assert fitted(name, features, targets).predict(features[:0]).shape == (0, 3)
