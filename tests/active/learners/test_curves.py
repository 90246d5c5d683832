import numpy as np
import pytest

from active.learners import Point, forecast, gain, needed
from active.learners.curves import power_law


def curve(a=0.9, b=1.0, c=0.5, error=0.002, upto=1000, step=50, noise=0.0):
    rng = np.random.default_rng(0)
    return [
        Point(n, float(np.clip(a - b * n**-c + noise * rng.standard_normal(), 0, 1)), error)
        for n in range(step, upto + 1, step)
    ]


@pytest.mark.parametrize(("a", "b", "c"), [(0.9, 1.0, 0.5), (0.95, 2.0, 0.7), (0.8, 0.9, 0.3)])
def test_finds_the_curve_that_it_was_drawn_from(a, b, c):
    law = power_law(curve(a, b, c))

    assert (law.a[0], law.c[0]) == (pytest.approx(a, abs=0.01), pytest.approx(c, rel=0.1))
    assert law.at(5000)[0] == pytest.approx(a - b * 5000**-c, abs=0.01)


def test_labels_needed_are_those_of_the_curve():
    found = needed(curve(), target=0.88)

    # 0.9 - n ** -0.5 = 0.88 at 2,500.
    assert found.labels == pytest.approx(1500, rel=0.1)
    assert found.low <= found.labels <= found.high


def test_a_target_that_is_reached_needs_nothing():
    assert needed(curve(), target=0.8).labels == 0


def test_says_why_it_cannot_tell():
    level, far = needed(curve(), target=0.95), needed(curve(), target=0.898)

    assert (level.labels, level.low) == (None, None)
    assert "levels off at 90.0%, below the target of 95.0%" in level.reason
    assert "too far to tell" in far.reason
    assert "at least 3 points" in needed(curve()[:2], target=0.8).reason


def test_an_interval_without_end_is_left_open():
    assert needed(curve(error=0.03), target=0.885).high is None


def test_a_forecast_is_wider_farther_away():
    near, far = (forecast(curve(error=0.01), labels) for labels in (1000, 20_000))

    assert far.high - far.low > near.high - near.low
    assert near.low <= 0.9 - 1000**-0.5 <= near.high


def test_a_curve_that_falls_or_is_flat_promises_nothing():
    flat = [Point(n, 0.7, 0.01) for n in (100, 200, 300)]
    falling = [Point(n, 0.9 - n / 1000, 0.01) for n in (100, 200, 300)]

    assert forecast(flat, 10_000).value == pytest.approx(0.7, abs=0.01)
    assert forecast(falling, 10_000).value < 0.8
    assert needed(falling, 0.9).labels is None


def test_never_forecasts_more_than_certainty():
    steep = [Point(n, n / 1000, 0.01) for n in (200, 500, 900)]

    assert forecast(steep, 100_000).high <= 1.0


def test_the_last_labels_moved_it_by_so_much():
    found = gain(curve(error=0.01), last=300)

    assert (found.since, found.until) == (700, 1000)
    assert found.change.value == pytest.approx(700**-0.5 - 1000**-0.5, abs=0.002)
    assert found.change.low < 0 < found.change.high


def test_more_points_tell_the_gain_better():
    many, few = gain(curve(step=25), last=300), gain(curve(step=300, upto=900), last=300)

    assert many.change.high - many.change.low < few.change.high - few.change.low


def test_a_gain_takes_two_points():
    assert gain([]) is None
    assert gain(curve()[:1]) is None
    assert gain([*curve()[:1], *curve()[:1]]) is None


def test_refuses_points_out_of_range():
    with pytest.raises(ValueError, match="accuracy in"):
        power_law([*curve()[:3], Point(10, 1.5, 0.1)])
    with pytest.raises(ValueError, match="NaN"):
        power_law([*curve()[:3], Point(10, float("nan"), 0.1)])


def test_three_uncertain_points_are_taken_for_an_ordinary_curve():
    law = power_law([Point(50, 0.55, 0.08), Point(100, 0.75, 0.08), Point(150, 0.76, 0.08)])

    assert law.c[0] == pytest.approx(0.5, rel=0.4)
