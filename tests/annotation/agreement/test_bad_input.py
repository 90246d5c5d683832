"""Nothing is NaN, nothing crashes, and every absence of a figure has its reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotation.agreement import (
    COEFFICIENTS,
    LEVELS,
    Judgments,
    Level,
    agreement,
    agreements,
    confusions,
    pairwise,
    per_item,
    per_label,
    words,
)
from tests.annotation.agreement.examples import crowd, values

NO = np.zeros(0, dtype=np.int64)
levels = pytest.mark.parametrize("level", LEVELS)


def reasons(judgments: Judgments) -> set[str]:
    """And nothing else may stumble over it."""
    pairs = [pairwise(judgments, name) for name in agreements(judgments, resamples=0)]
    assert all(np.isfinite(found.value).all() for found in pairs)
    assert np.isfinite(per_item(judgments).agreement).all()
    assert per_label(judgments) is not None
    assert confusions(judgments) is not None
    return {found.meaning for found in agreements(judgments).values() if found.value is None}


@levels
def test_no_judgments(level: Level) -> None:
    assert reasons(Judgments(NO, NO, NO, 0, 0, (), level)) == {words.NO_JUDGMENTS}
    assert reasons(Judgments(NO, NO, NO, 5, 2, values(3, level), level)) == {words.NO_JUDGMENTS}


@levels
def test_one_annotator(level: Level) -> None:
    judgments = crowd(20, each=1, n_sources=1, level=level)

    assert reasons(judgments) == {words.ONE_SOURCE}
    assert all(found.value is None for found in agreements(judgments).values())


@levels
def test_no_overlap(level: Level) -> None:
    assert reasons(crowd(20, each=1, level=level)) == {words.NO_OVERLAP}


@levels
def test_everybody_always_said_the_same(level: Level) -> None:
    judgments = replace(crowd(20, level=level), value=np.full(60, 2))

    assert reasons(judgments) <= {words.ONE_VALUE, words.NO_PAIR}
    defined = {name for name, found in agreements(judgments).items() if found.value == 1}
    assert defined == {"percent", "ac1", "ac2"} & {name for name, _ in cases(level)}


@levels
def test_one_label_to_choose(level: Level) -> None:
    judgments = replace(crowd(20, level=level), value=np.zeros(60, dtype=np.int64), values=values(1, level))

    assert reasons(judgments) <= {words.ONE_VALUE, words.ONE_CHOICE, words.NO_PAIR}


@levels
def test_one_item_has_values_but_no_interval(level: Level) -> None:
    judgments = Judgments([0, 0], [0, 1], [0, 1], 1, 2, values(3, level), level)

    for found in agreements(judgments).values():
        assert found.low is None
        assert found.high is None
    assert reasons(judgments) == set()


def test_a_source_with_one_judgment() -> None:
    judgments = crowd(50, n_sources=4)
    one = Judgments(
        np.append(judgments.item, 0),
        np.append(judgments.source, 4),
        np.append(judgments.value, 1),
        50,
        5,
        range(4),
    )

    assert pairwise(one, "cohen").n_items[4].sum() == 4
    assert reasons(one) == set()


@levels
def test_ten_thousand_labels_of_which_few_occur(level: Level) -> None:
    judgments = crowd(300, level=level)
    many = replace(judgments, values=values(10_000, level))

    assert agreement(many, "alpha") == agreement(judgments, "alpha")
    assert reasons(many) == set()


@pytest.mark.parametrize(
    ("name", "level"), [(name, level) for name, found in COEFFICIENTS.items() for level in found.levels]
)
def test_three_thousand_labels_occur(name: str, level: Level) -> None:
    judgments = crowd(6000, n_labels=3000, level=level, n_sources=5)

    found = agreement(judgments, name, resamples=300)
    assert found.low < found.value < found.high


@levels
def test_a_thousand_sources(level: Level) -> None:
    judgments = crowd(20_000, level=level, n_sources=1000)

    found = pairwise(judgments, "percent")
    assert found.value.shape == (1000, 1000)
    assert (found.value == found.value.T).all()


def test_a_coefficient_of_another_level_says_so() -> None:
    found = agreement(crowd(20, level="set"), "ac1")

    assert (found.value, found.meaning) == (None, "Gwet's AC1 is not meant for answers of the set level.")
    with pytest.raises(ValueError, match="not meant"):
        pairwise(crowd(20, level="set"), "ac1")


def test_numbers_of_any_size() -> None:
    judgments = crowd(50, level="interval")
    huge, shifted = (
        replace(judgments, values=v)
        for v in ((-1e308, 0.0, 1e308, 1.7e308), (1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3))
    )

    assert reasons(huge) == set()
    assert agreement(shifted, "alpha").value == pytest.approx(agreement(judgments, "alpha").value)


def cases(level: Level) -> list[tuple[str, Level]]:
    return [(name, level) for name, found in COEFFICIENTS.items() if level in found.levels]
