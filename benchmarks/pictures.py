"""Pictures of results: one panel for each figure, this project beside other tools, and the limit that it must keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import common

OURS = "Querent"
# The tools whose figures the benchmarks name: on PostgreSQL, with 100,000 items, on a machine of this kind.
LABEL_STUDIO, DOCCANO = "Label Studio 1.23.2", "doccano 1.8.4"
# Whose bars are grey: theirs, and those of libraries that are measured in the same run.
OTHERS = (LABEL_STUDIO, DOCCANO, "modAL", "small-text", "scikit-activeml", "scikit-learn", "Snorkel")
COLUMNS = 4


@dataclass(frozen=True)
class Panel:
    """One figure: a bar for each name, on a logarithmic scale."""

    title: str
    bars: dict[str, float]
    limit: float | None = None
    # Whether the limit is the least that must be reached, or the most that may be used.
    at_least: bool = False
    # What else there is to say about a bar, beside its value.
    notes: dict[str, str] = field(default_factory=dict)


def versus(
    title: str, ours: dict[str, float], others: dict[str, float], limit: float | None, **more: Any
) -> Panel:
    """This project's bars, the name of each continued by what it was measured with, and those of other tools."""
    named = {", ".join(filter(None, (OURS, what))): value for what, value in ours.items()}
    return Panel(title, {**named, **others}, limit, **more)


def draw(name: str, title: str, panels: list[Panel]) -> Path:
    """Write benchmarks/results/<name>.png."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    most = max(len(panel.bars) for panel in panels)
    figure, axes = pyplot.subplots(
        rows,
        columns,
        figsize=(4.7 * columns, rows * (1.1 + 0.42 * most)),
        layout="constrained",
        squeeze=False,
    )
    for axis, panel in zip(axes.flat, panels, strict=False):
        _draw(axis, panel)
    for axis in list(axes.flat)[len(panels) :]:
        axis.set_axis_off()
    dashed = "; the dashed line is the limit to keep" if any(panel.limit for panel in panels) else ""
    figure.suptitle(title + dashed, fontsize=11)
    path = common.RESULTS / f"{name}.png"
    # Without the version of the library, so that the same result gives the same file.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
    return path


def _draw(axis: Any, panel: Panel) -> None:
    names, values = list(panel.bars), list(panel.bars.values())
    colors = ["#b9bec2" if name.startswith(OTHERS) else "#0b6570" for name in names]
    bars = axis.barh(names, values, color=colors, height=0.62)
    texts = [" ".join(filter(None, (number(panel.bars[name]), panel.notes.get(name)))) for name in names]
    axis.bar_label(
        bars, texts, padding=4, fontsize=8.5, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1}
    )
    seen = [*values, *([panel.limit] if panel.limit else [])]
    axis.set_xscale("log")
    axis.set_xlim(min(seen) / 3, max(seen) * (max(seen) / min(seen)) ** 0.7 * 2)
    axis.set_xticks([])
    axis.set_xticks([], minor=True)
    axis.tick_params(axis="y", length=0, labelsize=8.5)
    axis.invert_yaxis()
    axis.spines[["top", "right", "bottom"]].set_visible(False)
    wanted = ""
    if panel.limit:
        axis.axvline(panel.limit, color="#b23b3a", linestyle="--", linewidth=1, zorder=0.5)
        wanted = f" ({'≥' if panel.at_least else '≤'} {number(panel.limit)})"
    axis.set_title(panel.title + wanted, fontsize=9, loc="left")


def number(value: float) -> str:
    """Three figures at most, thousands with commas."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
