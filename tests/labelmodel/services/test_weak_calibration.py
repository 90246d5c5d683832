"""Probabilities that mean what they say, and figures that are what they are called. Arrays only."""

from __future__ import annotations

import numpy as np
import pytest

from labelmodel.services import probability_shards, weak_calibration, weak_figures
from labelmodel.services.weak_calibration import Calibration
from labelmodel.services.weak_votes import Some


def overconfident(n: int, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are too sure, and what is right as often as the square root of them says."""
    rng = np.random.default_rng(1)
    honest = rng.dirichlet(np.full(k, 0.7), n)
    labels = np.array([rng.choice(k, p=row) for row in honest])
    sharp = honest**2.5
    return sharp / sharp.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_a_calibration_mends_what_is_too_sure(method: str) -> None:
    given, labels = overconfident(4000)
    fitted = weak_calibration.FITS[method](given[:2000], labels[:2000])

    made = fitted.apply(given[2000:])

    before = weak_calibration.log_losses(given[2000:], labels[2000:]).mean()
    assert weak_calibration.log_losses(made, labels[2000:]).mean() < before - 0.05
    assert made.sum(axis=1) == pytest.approx(1)
    assert (made.argmax(axis=1) == given[2000:].argmax(axis=1)).all()


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_a_calibration_is_read_as_it_was_told(method: str) -> None:
    given, labels = overconfident(500)
    fitted = weak_calibration.FITS[method](given, labels)

    again = weak_calibration.from_json(fitted.as_json())

    assert again.apply(given) == pytest.approx(fitted.apply(given))


def test_certain_and_impossible_stay_finite() -> None:
    given = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    labels = np.array([0, 0, 1])
    for method in ("temperature", "isotonic"):
        made = weak_calibration.FITS[method](given, labels).apply(given)
        assert np.isfinite(made).all()
        assert made.sum(axis=1) == pytest.approx(1)


def test_few_items_choose_no_calibration_and_many_the_one_that_helps() -> None:
    given, labels = overconfident(2000)

    few, _ = weak_calibration.chosen(given[:10], labels[:10], weak_calibration.folds(10))
    many, unseen = weak_calibration.chosen(given, labels, weak_calibration.folds(2000))

    assert few == Calibration()
    assert many.method in {"temperature", "isotonic"}
    before = weak_calibration.log_losses(given, labels).mean()
    assert weak_calibration.log_losses(unseen, labels).mean() < before - 0.05


def test_what_is_calibrated_already_is_left_alone() -> None:
    rng = np.random.default_rng(2)
    honest = rng.dirichlet(np.full(3, 0.7), 1000)
    labels = np.array([rng.choice(3, p=row) for row in honest])

    assert weak_calibration.chosen(honest, labels, weak_calibration.folds(1000))[0].method == "none"


def test_rising_values() -> None:
    found = weak_calibration.rising(np.array([0.2, 0.6, 0.4, 0.9]), np.array([1.0, 1.0, 1.0, 1.0]))

    assert found.tolist() == pytest.approx([0.2, 0.5, 0.5, 0.9])


def votes(*cast: tuple[int, int, int], n: int = 4) -> Some:
    item, source, label = (np.array(column) for column in zip(*cast, strict=True))
    return Some(np.arange(n), item.astype(np.int32), source.astype(np.int16), label.astype(np.int16))


def test_coverage_overlaps_and_conflicts() -> None:
    some = votes((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1), (2, 1, 0))

    found = weak_figures.counted(some, 2, 2, is_set=False)

    assert (found.items, found.covered, found.overlapping, found.conflicting) == (4, 3, 2, 1)
    assert found.by_label.tolist() == [[1, 1], [1, 2]]
    assert (found.beside.tolist(), found.against.tolist()) == ([2, 2], [1, 1])
    assert weak_figures.counted(some, 2, 2, is_set=True).conflicting == 0


def test_copies_are_told_and_independent_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 2000)
    said = [np.where(rng.random(2000) < 0.8, truth, 1 - truth) for _ in range(2)]
    said.append(said[0])
    item = np.tile(np.arange(2000), 3)
    some = Some(
        np.arange(2000), item.astype(np.int32), np.repeat(np.arange(3), 2000).astype(np.int16),
        np.concatenate(said).astype(np.int16),
    )  # fmt: skip

    found = weak_figures.pairs(some, 3, 2, np.array([0.8, 0.8, 0.8]))

    assert [(one["a"], one["b"], one["copied"]) for one in found] == [(0, 2, True)]


def test_shards_of_probable_labels_are_small_and_come_back() -> None:
    rng = np.random.default_rng(0)
    items = np.sort(rng.choice(65_536, 50_000, replace=False)) + 7 * 65_536
    kinds = rng.dirichlet(np.ones(4), 300)
    posterior = kinds[rng.integers(0, 300, len(items))]

    data = probability_shards.pack(items, posterior)
    found = probability_shards.unpack(data)

    assert (found.items == items).all()
    assert found.posterior == pytest.approx(posterior, abs=2e-3)
    assert len(data) < 2 * posterior.size
    assert len(probability_shards.unpack(probability_shards.pack(items[:0], posterior[:0]))) == 0
    with pytest.raises(ValueError, match="no probable labels"):
        probability_shards.unpack(b"rubbish")


def test_thresholds_count_who_is_taken() -> None:
    posterior = np.array([[0.55, 0.45], [0.93, 0.07], [0.2, 0.8]])

    taken = dict(zip(weak_figures.THRESHOLDS.tolist(), weak_figures.taken(posterior).tolist(), strict=True))

    assert (taken[0.5], taken[0.6], taken[0.9], taken[0.95]) == (3, 2, 1, 0)
