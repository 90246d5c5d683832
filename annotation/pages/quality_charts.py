"""Drawings of the page of quality, as positions in per cent: intervals, courses over time, heat maps, reliability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.reports.calibration import Calibration

# How the axis of coefficients is marked: chance, the two bounds of Krippendorff, full agreement.
MARKS = (0.0, 0.667, 0.8, 1.0)
SHADES = 9
# Room at the edges of a drawing, so that dots are never cut.
EDGE = 3.0


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, drawn from left to right."""

    low: float
    high: float
    marks: tuple[float, ...] = MARKS

    def at(self, value: float) -> float:
        share = (min(self.high, max(self.low, value)) - self.low) / (self.high - self.low)
        return round(EDGE + (100 - 2 * EDGE) * share, 2)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """(position, words); a mark too close to the one before it stays without words."""
        places: list[tuple[float, str]] = []
        last = -100.0
        for mark in self.marks:
            place = self.at(mark)
            words = f"{mark:g}" if place - last > 9 else ""
            last = place if words else last
            places.append((place, words))
        return places


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with what it may be, on an axis."""

    middle: float
    start: float
    end: float
    words: str


def axis_of(lows: Sequence[float | None]) -> Axis:
    """From chance to full agreement; further down where an interval reaches there."""
    least = min((low for low in lows if low is not None), default=0.0)
    return Axis(0.0 if least >= 0 else max(-1.0, least), 1.0)


def interval(axis: Axis, value: float | None, low: float | None, high: float | None) -> Interval | None:
    if value is None:
        return None
    start, end = (value if low is None else low), (value if high is None else high)
    return Interval(axis.at(value), axis.at(start), axis.at(end), span(value, low, high))


def span(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "undefined"
    return f"{value:.2f}" if low is None or high is None else f"{value:.2f} ({low:.2f} to {high:.2f})"


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of a course; `before` is the point to draw a line from."""

    x: float
    y: float
    top: float
    bottom: float
    label: str
    words: str
    anchor: str
    before: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Course:
    points: tuple[Point, ...]
    rules: tuple[tuple[float, str], ...]


def course(values: Sequence[tuple[str, float | None, float | None, float | None]]) -> Course:
    """(name, value, low, high) one after the other; what is undefined leaves a gap."""
    axis = axis_of([low if low is not None else value for _, value, low, _ in values])
    every = max(1, -(-len(values) // 6))
    points: list[Point] = []
    before: tuple[float, float] | None = None
    for place, (name, value, low, high) in enumerate(values):
        drawn = interval(axis, value, low, high)
        x = round(EDGE + (100 - 2 * EDGE) * (place + 0.5) / len(values), 2)
        if drawn is None:
            before = None
            continue
        label = name if (len(values) - 1 - place) % every == 0 else ""
        anchor = "start" if x < 8 else "end" if x > 92 else "middle"
        y = round(100 - drawn.middle, 2)
        points.append(
            Point(
                x,
                y,
                round(100 - drawn.end, 2),
                round(100 - drawn.start, 2),
                label,
                f"{name}: {drawn.words}",
                anchor,
                before,
            )
        )
        before = (x, y)
    return Course(tuple(points), tuple((round(100 - at, 2), words) for at, words in axis.ticks))


def shade(share: float | None) -> str:
    """The class of a cell of a heat map, by a share of 0 to 1."""
    return "" if share is None else f"heat-{round(SHADES * min(1.0, max(0.0, share)))}"


@dataclass(frozen=True, slots=True)
class Dot:
    """A bin of a reliability diagram."""

    x: float
    y: float
    top: float
    bottom: float
    words: str


def reliability(found: Calibration) -> list[Dot]:
    """Confidence to the right, the share that was right upward: on the diagonal where the two are the same."""
    axis = Axis(0.0, 1.0)
    return [
        Dot(
            axis.at(one.confidence),
            round(100 - axis.at(one.right), 2),
            round(100 - axis.at(one.right_high), 2),
            round(100 - axis.at(one.right_low), 2),
            f"{100 * one.confidence:.0f} % sure, {100 * one.right:.0f} % right, {one.n} items",
        )
        for one in found.bins
    ]
