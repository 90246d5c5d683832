"""What holds for every coefficient at every level that it is meant for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotation.agreement import (
    COEFFICIENTS,
    LEVELS,
    Level,
    agreement,
    agreements,
    bootstrap,
    default_for,
    disagreement,
    pairs,
    pairwise,
    setdistance,
)
from tests.annotation.agreement.examples import crowd

CASES = [(name, level) for name, found in COEFFICIENTS.items() for level in found.levels]
every = pytest.mark.parametrize(("name", "level"), CASES)


@every
def test_the_interval_contains_the_value(name: str, level: Level) -> None:
    found = agreement(crowd(40, level=level), name)

    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high
    assert (found.n_items, found.n_judgments, found.n_sources) == (40, 120, 20)


@every
def test_full_agreement_is_one(name: str, level: Level) -> None:
    judgments = crowd(40, level=level, n_sources=3)
    agreed = replace(judgments, value=judgments.item % 4)

    found = agreement(agreed, name)
    assert (found.value, found.low, found.high) == (1.0, pytest.approx(1), 1.0)
    assert found.meaning.endswith("so the interval cannot show how sure it is.")


@every
def test_order_of_judgments_items_and_sources_is_nothing(name: str, level: Level) -> None:
    judgments, rng = crowd(30, level=level), np.random.default_rng(1)
    rows, items, sources = rng.permutation(90), rng.permutation(30), rng.permutation(20)
    other = replace(
        judgments,
        item=items[judgments.item[rows]],
        source=sources[judgments.source[rows]],
        value=judgments.value[rows],
    )

    assert agreement(other, name, resamples=0).value == pytest.approx(agreement(judgments, name).value)


@every
def test_the_same_seed_gives_the_same_interval(name: str, level: Level) -> None:
    judgments = crowd(1500, each=2, n_labels=60, level=level)

    assert agreement(judgments, name, seed=7) == agreement(judgments, name, seed=7)
    assert agreement(judgments, name, seed=7).low != agreement(judgments, name, seed=8).low


@every
def test_more_items_narrow_the_interval(name: str, level: Level) -> None:
    few, many = (agreement(crowd(n, level=level, n_sources=3), name) for n in (50, 800))

    assert many.high - many.low < 0.5 * (few.high - few.low)


@every
def test_pairs_have_the_coefficient_of_their_judgments_alone(name: str, level: Level) -> None:
    judgments = crowd(60, level=level, n_sources=4)
    found = pairwise(judgments, name)

    only = [np.unique(judgments.item[judgments.source == source]) for source in (0, 1)]
    shared = np.isin(judgments.item, np.intersect1d(*only)) & (judgments.source < 2)
    alone = agreement(judgments.where(shared), name, resamples=0)
    assert found.between(1, 0) == pytest.approx(alone.value)
    assert found.n_items[0, 1] == alone.n_items


@every
def test_pairs_are_the_same_in_pieces(name: str, level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    judgments = crowd(60, level=level, n_sources=6)
    whole = pairwise(judgments, name)
    # Little of everything at once: meetings of judgments, pairs of sources, labels, sets.
    for module, limit in (
        (pairs, "PIECE"),
        (bootstrap, "ROOM"),
        (setdistance, "BLOCK"),
        (disagreement, "MOST_PAIRS"),
    ):
        monkeypatch.setattr(module, limit, 3)

    np.testing.assert_allclose(pairwise(judgments, name).value, whole.value, atol=1e-12)


@pytest.mark.parametrize("name", [name for name, level in CASES if level == "nominal"])
def test_names_of_labels_are_nothing(name: str) -> None:
    judgments = crowd(30)
    other = replace(judgments, value=np.array([2, 0, 3, 1])[judgments.value])

    assert agreement(other, name, resamples=0).value == pytest.approx(agreement(judgments, name).value)


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_has_a_default_among_its_coefficients(level: Level) -> None:
    found = agreements(crowd(20, level=level), resamples=0)

    assert default_for(level) in found
    assert all(one.value is not None and one.low is None for one in found.values())
