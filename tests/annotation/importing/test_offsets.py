from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.importing.platforms.offsets import code_point, utf16_unit


@pytest.mark.parametrize(("unit", "place"), [(0, 0), (1, None), (2, 1), (3, 2), (5, None)])
def test_units_of_an_emoji(unit: int, place: int | None) -> None:
    assert code_point("😀ab", unit) == place


@given(st.text(), st.integers(0, 50))
def test_there_and_back(text: str, place: int) -> None:
    place = min(place, len(text))

    assert code_point(text, utf16_unit(text, place)) == place
