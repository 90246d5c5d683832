"""Drawings stay inside their frame and say what they were given."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from active.pages import drawn
from active.pages.drawn import Given

SHARES = st.floats(0, 1)
POINTS = st.lists(
    st.tuples(st.integers(0, 100_000), SHARES, SHARES, SHARES).map(
        lambda one: Given(one[0], sorted(one[1:])[1], sorted(one[1:])[0], sorted(one[1:])[2], "")
    ),
    min_size=1,
    max_size=30,
)


@given(POINTS)
def test_every_curve_stays_in_its_frame(points: list[Given]) -> None:
    plot = drawn.plot([("a", "teal", points, False)])

    assert plot is not None
    numbers = [
        float(one) for line in plot.lines for one in re.findall(r"[\d.]+(?:e-\d+)?", line.line + line.band)
    ]
    assert all(0 <= one <= 100 for one in numbers)
    assert all(0 <= place <= 100 for place, *_ in (*plot.rules, *plot.ticks))


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(2, 8))
def test_round_numbers_enclose_what_is_drawn(one: float, other: float, most: int) -> None:
    low, high = sorted((one, other))

    marks = drawn.nice(low, high, most)

    assert marks[0] <= low + 1e-6 * max(1, low)
    assert marks[-1] >= high - 1e-6 * max(1, high)
    assert 2 <= len(marks) <= most + 2


def test_nothing_is_drawn_of_nothing() -> None:
    assert drawn.plot([]) is None
    assert drawn.plot([("a", "teal", [], False)], goal=0.9) is None
    assert drawn.histogram("", "", {}) is None
    assert drawn.histogram("", "", {"edges": [0, 1], "counts": [0]}) is None


def test_higher_values_are_drawn_higher() -> None:
    points = [Given(10, 0.5, 0.4, 0.6, "low"), Given(20, 0.8, 0.7, 0.9, "high")]

    (line,) = drawn.plot([("a", "teal", points, False)]).lines

    assert line.marks[0].y > line.marks[1].y
    assert line.marks[0].x < line.marks[1].x


def test_a_single_point_has_its_interval_without_a_band() -> None:
    (line,) = drawn.plot([("a", "teal", [Given(10, 0.5, 0.4, 0.6, "")], False)]).lines

    assert (line.band, line.line) == ("", "")
    assert line.marks[0].top < line.marks[0].y < line.marks[0].bottom


def test_bins_are_put_together_and_none_is_lost() -> None:
    counts = list(range(60))

    chart = drawn.histogram("Scores", "items", {"edges": [n / 60 for n in range(61)], "counts": counts})

    assert chart is not None
    assert len(chart.bars) == 20
    assert sum(bar.value for bar in chart.bars) == sum(counts)
    assert chart.bars[-1].name.endswith("1.00")


def test_of_many_labels_the_rest_is_told_together() -> None:
    shown, more, rest = drawn.shares({str(n): 1 / 50 for n in range(50)})

    assert (len(shown), more) == (drawn.MOST_SHARES, 30)
    assert rest == pytest.approx(0.6)
