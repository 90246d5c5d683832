import numpy as np
import pytest

from active.learners import CALIBRATIONS, NotReadable, calibrate, calibration_from_bytes
from active.learners.choosing import offered
from active.learners.losses_by_row import log_losses
from tests.active.learners.rigs import claims

REAL = [name for name in CALIBRATIONS if name != "none"]


def sets(sharper, seed=0):
    """Sets of two labels: whether the first of three is right, and whether it is not."""
    probabilities, targets = claims(n_labels=2, sharper=sharper, seed=seed)
    return probabilities, targets


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("kind", ["single", "ordinal"])
def test_what_is_too_sure_becomes_better(name, kind):
    probabilities, targets = claims(sharper=3.0)
    unseen, right = claims(sharper=3.0, seed=1)

    fitted = CALIBRATIONS[name](kind, probabilities, targets, np.ones(2000))

    after = fitted.apply(unseen)
    assert log_losses(kind, after, right).mean() < log_losses(kind, unseen, right).mean() - 0.1
    np.testing.assert_allclose(after.sum(axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("name", REAL)
def test_so_do_sets(name):
    probabilities, targets = sets(sharper=3.0)
    unseen, right = sets(sharper=3.0, seed=1)

    fitted = CALIBRATIONS[name]("set", probabilities, targets, np.ones(2000))

    gain = log_losses("set", unseen, right).mean() - log_losses("set", fitted.apply(unseen), right).mean()
    assert gain > 0.1


def test_temperature_finds_how_much_too_sharp():
    probabilities, targets = claims(n=20_000, sharper=2.0)

    fitted = CALIBRATIONS["temperature"]("single", probabilities, targets, np.ones(20_000))

    assert fitted.arrays["slope"][0] == pytest.approx(0.5, abs=0.03)


def test_chooses_none_for_what_is_calibrated_and_temperature_for_what_is_too_sharp():
    honest, sharp = (calibrate(*claims(sharper=sharper)) for sharper in (1.0, 3.0))

    assert honest.calibration.method == "none"
    assert sharp.calibration.method == "temperature"
    assert list(sharp.log_loss) == list(CALIBRATIONS)


def test_chooses_isotonic_for_what_no_slope_mends():
    rng = np.random.default_rng(0)
    said = rng.random(5000)
    true = (rng.random(5000) < np.where(said < 0.5, 0.1, 0.6)).astype(float)

    chosen = calibrate(np.stack([said, 1 - said], axis=1), np.stack([true, 1 - true], axis=1))

    assert chosen.calibration.method == "isotonic"


def test_weights_count():
    probabilities, targets = claims(sharper=3.0)
    turned = np.roll(targets, 1, axis=1)
    weights = np.repeat([1.0, 0.0], 2000)

    both = np.vstack([probabilities, probabilities]), np.vstack([targets, turned])
    fitted = CALIBRATIONS["temperature"]("single", *both, weights)

    alone = CALIBRATIONS["temperature"]("single", probabilities, targets, np.ones(2000))
    np.testing.assert_allclose(fitted.arrays["slope"], alone.arrays["slope"], rtol=1e-3)


def test_few_items_or_many_labels_are_offered_less():
    assert offered(20, 2) == ["none"]
    assert offered(100, 77) == ["none", "temperature"]
    assert offered(1000, 77) == ["none", "temperature", "platt"]
    assert offered(1000, 3) == ["none", "temperature", "platt", "isotonic"]


def test_labels_that_nobody_used_stay_possible():
    probabilities, targets = claims(sharper=3.0)
    wider = np.insert(0.99 * probabilities, 1, 0.01, axis=1), np.insert(targets, 1, 0.0, axis=1)

    for name in REAL:
        assert CALIBRATIONS[name]("single", *wider, np.ones(2000)).apply(wider[0])[:, 1].min() > 0.0


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_survives_storage(name):
    probabilities, targets = claims(sharper=3.0)
    fitted = CALIBRATIONS[name]("single", probabilities, targets, np.ones(2000))

    again = calibration_from_bytes(fitted.to_bytes())

    np.testing.assert_array_equal(again.apply(probabilities), fitted.apply(probabilities))
    with pytest.raises(NotReadable, match="not a calibration"):
        calibration_from_bytes(fitted.to_bytes()[:-20])
