"""On small random judgments, every coefficient is what its definition says word for word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from annotation.agreement import Judgments, Level, agreement, coded
from tests.annotation.agreement import literal
from tests.annotation.agreement.examples import values


@st.composite
def judgments(draw: st.DrawFn, level: Level = "nominal") -> Judgments:
    """At least one item with two."""
    n_labels = draw(st.integers(2, 6))
    cells = st.lists(st.one_of(st.none(), st.integers(0, n_labels - 1)), min_size=4, max_size=4)
    rows = draw(
        st.lists(cells, min_size=1, max_size=8).filter(lambda rows: any(len(said(row)) > 1 for row in rows))
    )
    found = [(i, s, v) for i, row in enumerate(rows) for s, v in enumerate(row) if v is not None]
    item, source, value = map(list, zip(*found, strict=True))
    names = values(n_labels, level)
    return coded(item, source, [names[v] for v in value], level=level, values=names).judgments


def said(row: list[Any]) -> list[Any]:
    return [value for value in row if value is not None]


def same(found: float | None, expected: float | None) -> bool:
    return found is None if expected is None else found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "set"])
@settings(max_examples=60)
@given(data=st.data())
def test_alpha(level: Level, data: st.DataObject) -> None:
    found = data.draw(judgments(level))

    assert same(agreement(found, "alpha", resamples=0).value, literal.alpha(found, literal.distance(found)))


@pytest.mark.parametrize(
    ("name", "distance"), [("alpha-jaccard", literal.jaccard), ("alpha-masi", literal.masi)]
)
@settings(max_examples=60)
@given(found=judgments("set"))
def test_alpha_of_sets(name: str, distance: Any, found: Judgments) -> None:
    assert same(agreement(found, name, resamples=0).value, literal.alpha(found, distance(found)))


@settings(max_examples=60)
@given(found=judgments())
def test_fleiss_and_ac1(found: Judgments) -> None:
    assert same(agreement(found, "fleiss", resamples=0).value, literal.fleiss(found))
    expected = literal.gwet(found, lambda a, b: float(a == b))
    assert same(agreement(found, "ac1", resamples=0).value, expected)


@settings(max_examples=60)
@given(data=st.data())
def test_ac2(data: st.DataObject) -> None:
    ordered, numbers = data.draw(judgments("ordinal")), data.draw(judgments("interval"))
    q, most = len(ordered.values), len(numbers.values) - 1

    expected = literal.gwet(ordered, lambda a, b: 1 - (abs(a - b) + 1) * abs(a - b) / (q * (q - 1)))
    assert same(agreement(ordered, "ac2", resamples=0).value, expected)
    expected = literal.gwet(numbers, lambda a, b: 1 - (a - b) ** 2 / most**2)
    assert same(agreement(numbers, "ac2", resamples=0).value, expected)


@pytest.mark.parametrize(
    ("name", "weights"), [("cohen", None), ("cohen-linear", "linear"), ("cohen-quadratic", "quadratic")]
)
@settings(max_examples=60)
@given(found=judgments("ordinal"))
def test_cohen_is_the_mean_of_scikit_learns(name: str, weights: str | None, found: Judgments) -> None:
    labels = list(range(len(found.values)))

    def kappa(one: list[int], other: list[int]) -> float | None:
        if len({*one, *other}) == 1:
            return None
        return float(cohen_kappa_score(one, other, labels=labels, weights=weights))

    assert same(agreement(found, name, resamples=0).value, literal.mean_over_pairs(found, kappa))
