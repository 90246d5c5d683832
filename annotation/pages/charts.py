"""Bar charts as positions in per cent, so that the SVG fits any width and its words keep their size."""

from __future__ import annotations

from dataclasses import dataclass

# The highest bar leaves room for its figure above it.
HIGHEST = 86.0


@dataclass(frozen=True)
class Bar:
    """`x`, `y`, `width` and `height` in per cent of the drawing; `label` stands below, empty where there is no room."""

    name: str
    label: str
    value: int
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)

    @property
    def anchor(self) -> str:
        """Words at the edges stay inside the drawing."""
        return "start" if self.middle < 6 else "end" if self.middle > 94 else "middle"


@dataclass(frozen=True)
class Chart:
    title: str
    unit: str
    bars: list[Bar]

    @property
    def most(self) -> int:
        return max((bar.value for bar in self.bars), default=0)

    @property
    def peak(self) -> Bar | None:
        """The first of the highest bars: the only one whose figure is written into the drawing."""
        return next((bar for bar in self.bars if bar.value and bar.value == self.most), None)


def bar_chart(
    title: str, unit: str, values: list[tuple[str, int]], *, every: int, slots: int | None = None
) -> Chart:
    """Bars for (name, value); every n-th is labeled, counted from the last. `slots` keeps room for bars to come."""
    slots = slots or len(values)
    most = max((value for _, value in values), default=0)
    last = len(values) - 1
    bars = []
    for place, (name, value) in enumerate(values):
        height = round(HIGHEST * value / most, 2) if most else 0.0
        label = name if (last - place) % every == 0 else ""
        step = 100 / slots
        bars.append(
            Bar(
                name,
                label,
                value,
                round((place + 0.14) * step, 2),
                round(100 - height, 2),
                round(0.72 * step, 2),
                height,
            )
        )
    return Chart(title, unit, bars)
