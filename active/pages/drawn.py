"""Drawings of learning as positions in per cent: curves with their bands, histograms, shares, reliability."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from annotation.pages.charts import Chart, bar_chart
from annotation.pages.quality_charts import Axis, Dot
from annotation.reports.intervals import wilson

# Of more points, only every so many-th is marked by a dot.
MOST_DOTS = 40
MOST_SHARES = 20
# More numbers of labels do not fit beside each other on a phone.
MOST_TICKS = 4
_STEPS = (1, 2, 2.5, 5, 10)
# Where curves begin and end: behind the words of the rules.
LEFT, RIGHT = 9.0, 97.0


@dataclass(frozen=True, slots=True)
class Given:
    """A value at a place, with what it may be. `hollow`: drawn as a ring."""

    x: float
    value: float
    low: float
    high: float
    words: str
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A point; its interval from `top` to `bottom`, drawn where there is no band."""

    x: float
    y: float
    top: float
    bottom: float
    words: str
    hollow: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: paths of the line and of its band in a drawing of 100 by 100, and its marks."""

    title: str
    color: str
    line: str
    band: str
    marks: tuple[Mark, ...]
    dashed: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """`rules` are (position from the top, words); `ticks` (position from the left, words, anchor)."""

    lines: tuple[Line, ...]
    rules: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, str, str], ...]
    goal: float | None


def plot(
    curves: Sequence[tuple[str, str, Sequence[Given], bool]], *, goal: float | None = None
) -> Plot | None:
    """Curves (title, colour, points, dashed) on shared axes; None where there is nothing to draw. Values are shares."""
    every = [point for _, _, points, _ in curves for point in points]
    if not every:
        return None
    lows, highs = [point.low for point in every], [point.high for point in every]
    goals = [] if goal is None else [goal]
    marks = nice(max(0.0, min(lows + goals)), min(1.0, max(highs + goals)), 5)
    vertical = Axis(marks[0], marks[-1], marks)
    across = _across_axis([point.x for point in every])
    return Plot(
        tuple(
            _line(title, color, points, dashed, across, vertical)
            for title, color, points, dashed in curves
            if points
        ),
        tuple((round(100 - vertical.at(mark), 2), f"{100 * mark:g} %") for mark in marks),
        tuple(
            (_across(mark, across), f"{mark:,.0f}", "end" if mark == across.marks[-1] else "middle")
            for mark in across.marks
        ),
        None if goal is None else round(100 - vertical.at(goal), 2),
    )


def _across_axis(places: Sequence[float]) -> Axis:
    """From 0 on, unless all places are far from it: then they would lie on a heap."""
    low, high = min(places), max(places)
    marks = nice(low if 2 * low > high else 0.0, max(high, 1.0), MOST_TICKS)
    return Axis(marks[0], marks[-1], marks)


def nice(low: float, high: float, most: int) -> tuple[float, ...]:
    """Round numbers from below `low` to above `high`, at most one more than `most`."""
    span = max(high - low, 1e-3)
    size = 10 ** math.floor(math.log10(span / most))
    step = next(size * part for part in _STEPS if size * part * most >= span * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(place * step, 10) for place in range(first, max(last, first + 1) + 1))


def _line(title: str, color: str, points: Sequence[Given], dashed: bool, across: Axis, up: Axis) -> Line:
    placed = [(_across(point.x, across), _up(up, point.value)) for point in points]
    upper = [(_across(point.x, across), _up(up, point.high)) for point in points]
    lower = [(_across(point.x, across), _up(up, point.low)) for point in reversed(points)]
    every = max(1, -(-len(points) // MOST_DOTS))
    return Line(
        title,
        color,
        _path(placed) if len(placed) > 1 else "",
        f"{_path(upper + lower)}Z" if len(placed) > 1 else "",
        tuple(
            Mark(x, y, _up(up, point.high), _up(up, point.low), point.words, point.hollow)
            for place, (point, (x, y)) in enumerate(zip(points, placed, strict=True))
            if (len(points) - 1 - place) % every == 0
        ),
        dashed,
    )


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _up(axis: Axis, value: float) -> float:
    return round(100 - axis.at(value), 2)


def _across(value: float, axis: Axis) -> float:
    return round(LEFT + (RIGHT - LEFT) * axis.at(value) / 100, 2)


def histogram(title: str, unit: str, scores: Mapping[str, Any]) -> Chart | None:
    """The scores of a round; neighbouring bins are put together until they can be told apart."""
    edges, counts = list(scores.get("edges", ())), list(scores.get("counts", ()))
    if not counts or len(edges) != len(counts) + 1 or not any(counts):
        return None
    by = -(-len(counts) // 25)
    values = [
        (f"{edges[at]:.2f} to {edges[min(at + by, len(counts))]:.2f}", int(sum(counts[at : at + by])))
        for at in range(0, len(counts), by)
    ]
    chart = bar_chart(title, unit, values, every=max(1, len(values) // 4))
    # Only where a bar begins stands below it: the names of two bars would not fit beside each other on a phone.
    bars = [replace(bar, label=bar.label and bar.name.partition(" ")[0]) for bar in chart.bars]
    return replace(chart, bars=bars)


@dataclass(frozen=True, slots=True)
class Share:
    """A label's share of the pool, its bar in per cent of the widest one."""

    label: str
    share: float
    width: float


def shares(predicted: Mapping[str, float]) -> tuple[list[Share], int, float]:
    """The largest shares, how many more labels there are, and what they have together."""
    ordered = sorted(predicted.items(), key=lambda pair: -pair[1])
    widest = max((share for _, share in ordered), default=0.0) or 1.0
    shown = [Share(label, share, round(100 * share / widest, 2)) for label, share in ordered[:MOST_SHARES]]
    rest = ordered[MOST_SHARES:]
    return shown, len(rest), sum(share for _, share in rest)


def reliability(bins: Sequence[Mapping[str, Any]]) -> list[Dot]:
    """How sure a model was to the right, the share that was right upward, with its interval."""
    axis = Axis(0.0, 1.0)
    dots = []
    for one in bins:
        n, right = int(one["n"]), float(one["accuracy"])
        low, high = wilson(round(right * n), n)
        told = f"{100 * one['confidence']:.0f} % sure, {100 * right:.0f} % right, {n:,} items"
        dots.append(
            Dot(
                axis.at(one["confidence"]),
                round(100 - axis.at(right), 2),
                round(100 - axis.at(high), 2),
                round(100 - axis.at(low), 2),
                told,
            )
        )
    return dots
