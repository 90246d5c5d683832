"""Intervals: as wide as they should be, however they are computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotation.agreement import COEFFICIENTS, Level, agreement, bootstrap, per_item
from tests.annotation.agreement.examples import crowd

CASES = [(name, level) for name, found in COEFFICIENTS.items() for level in found.levels]


def width(name: str, seed: int = 0) -> float:
    """Of items that stand in the order of their agreement, as they might when a project changes with time."""
    judgments = crowd(3000, n_sources=3)
    place = np.argsort(np.argsort(per_item(judgments).agreement, kind="stable"))
    found = agreement(replace(judgments, item=place[judgments.item]), name, resamples=4000, seed=seed)
    return found.high - found.low


@pytest.mark.parametrize("name", ["percent", "fleiss", "alpha", "ac1"])
def test_groups_of_items_give_the_interval_of_items(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = width(name)
    # Fewer groups than the 20 patterns that there are, so the items are dealt.
    monkeypatch.setattr(bootstrap, "GROUPS", 19)
    grouped = np.mean([width(name, seed) for seed in range(12)])

    assert grouped == pytest.approx(exact, rel=0.12)


@pytest.mark.parametrize(("name", "level"), CASES)
def test_first_order_is_near_the_exact_interval(
    name: str, level: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    judgments = crowd(2000, n_labels=8, level=level, n_sources=3)
    # Labels of unequal frequency, or what is expected by chance would hardly move.
    judgments = replace(judgments, value=judgments.value**3 // 49)
    exact = agreement(judgments, name, resamples=4000)
    monkeypatch.setattr(bootstrap, "ROOM", 0)
    near = agreement(judgments, name, resamples=4000)

    assert near.value == pytest.approx(exact.value, abs=1e-9)
    assert (near.low, near.high) == pytest.approx((exact.low, exact.high), abs=0.001)


def test_95_of_100_intervals_contain_the_truth() -> None:
    truth = agreement(crowd(200_000, seed=99), "alpha", resamples=0).value
    found = [agreement(crowd(150, seed=seed), "alpha") for seed in range(200)]

    assert 181 <= sum(one.low <= truth <= one.high for one in found) <= 199


def test_even_the_narrowest_interval_contains_the_value() -> None:
    found = [agreement(crowd(40, seed=seed), "alpha", resamples=100, confidence=0.001) for seed in range(40)]

    assert all(one.low <= one.value <= one.high for one in found)
