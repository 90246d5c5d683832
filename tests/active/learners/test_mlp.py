"""Everything that needs torch, which takes seconds to load."""

import numpy as np
import pytest

from tests.active.learners.contract import Contract, example, fitted


@pytest.fixture
def name():
    return "mlp"


class TestNetwork(Contract):
    pass


def test_leaves_the_random_state_and_threads_of_torch_alone():
    import torch

    state, threads = torch.get_rng_state(), torch.get_num_threads()

    fitted("mlp", *example("single")[:2])

    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_mixtures_make_it_less_sure():
    features, targets, _ = example("single", apart=1.0)

    plain, mixed = (fitted("mlp", features, targets, mixup=by, patience=60) for by in (0.0, 2.0))

    assert mixed.predict(features).max(axis=1).mean() < plain.predict(features).max(axis=1).mean() - 0.02


def test_stops_when_it_no_longer_learns():
    features, targets, _ = example("single")

    stopped, cut = (fitted("mlp", features, targets, epochs=most) for most in (300, 2))

    assert stopped.converged
    assert stopped.iterations < 300
    assert (cut.converged, cut.iterations) == (False, 2)


def test_scale_and_shift_of_features_hardly_matter():
    features, targets, _ = example("single")

    one, other = fitted("mlp", features, targets), fitted("mlp", 100.0 * features + 50.0, targets)

    np.testing.assert_allclose(one.predict(features), other.predict(100.0 * features + 50.0), atol=0.02)
