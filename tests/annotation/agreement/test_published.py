"""The figures that the coefficients' authors print."""

from __future__ import annotations

import pytest

from annotation.agreement import Level, agreement
from tests.annotation.agreement.examples import (
    CLINICIANS,
    DIAGNOSES,
    FOURTEEN_RATERS,
    KRIPPENDORFF,
    of_counts,
    of_rows,
    of_table,
)


@pytest.mark.parametrize(("level", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorff_2011(level: Level, value: float) -> None:
    found = agreement(of_rows(KRIPPENDORFF, level), "alpha")

    assert found.value == pytest.approx(value, abs=0.0005)
    assert (found.n_items, found.n_judgments, found.n_sources) == (11, 40, 4)


@pytest.mark.parametrize(
    ("name", "value"), [("percent", 0.81818), ("fleiss", 0.76117), ("alpha", 0.74342), ("ac1", 0.77544)]
)
def test_gwet_2014_raw_ratings(name: str, value: float) -> None:
    assert agreement(of_rows(KRIPPENDORFF), name).value == pytest.approx(value, abs=0.000005)


def test_fleiss_with_fourteen_raters() -> None:
    assert agreement(of_counts(FOURTEEN_RATERS), "fleiss").value == pytest.approx(0.210, abs=0.0005)


def test_fleiss_1971() -> None:
    assert agreement(of_counts(DIAGNOSES), "fleiss").value == pytest.approx(0.430, abs=0.0005)


def test_cohen_1960() -> None:
    assert agreement(of_table(CLINICIANS), "cohen").value == pytest.approx(0.492, abs=0.0005)
