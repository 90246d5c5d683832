"""The picture of a comparison: mean curves with their intervals, and the target."""

from __future__ import annotations

from pathlib import Path

from active.replay.summaries import LEVEL, SHARE, Outcome, Summary

# Told apart by people with any kind of colour vision (Okabe & Ito 2008); the baseline is grey.
COLORS = ("#0b6570", "#d55e00", "#0072b2", "#cc79a7", "#e69f00", "#56b4e9", "#009e73", "#000000")
GREY = "#8a9196"


def draw(summary: Summary, path: Path, title: str) -> Path:
    """Write the picture; the path's suffix says the format, such as .svg or .png. The same summary gives the same file."""
    import matplotlib as mpl

    # No display is needed, and no date or random name gets into the file.
    with mpl.rc_context({"svg.hashsalt": "replay", "axes.spines.top": False, "axes.spines.right": False}):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.5, 4.6), layout="constrained")
        axis = figure.subplots()
        colors = iter(COLORS * len(summary.outcomes))
        for one in summary.outcomes:
            color = GREY if one.strategy == summary.baseline else next(colors)
            axis.plot(
                one.labels,
                [point.mean for point in one.accuracy],
                color=color,
                label=named(one),
                linewidth=1.6,
            )
            if one.seeds > 1:
                low, high = ([getattr(point, end) for point in one.accuracy] for end in ("low", "high"))
                axis.fill_between(one.labels, low, high, color=color, alpha=0.15, linewidth=0)
        axis.axhline(summary.target, color="#b23b3a", linestyle="--", linewidth=0.9, zorder=0.5)
        told = f" {SHARE:.0%} of {summary.full:.3f}"
        axis.text(
            0.0,
            summary.target,
            told,
            color="#b23b3a",
            fontsize=8,
            va="bottom",
            transform=axis.get_yaxis_transform(),
        )
        axis.set(xlabel="labels", ylabel="accuracy on test items")
        axis.set_title(f"{title}; bands hold the mean with {LEVEL:.0%}", fontsize=10, loc="left")
        axis.legend(loc="lower right", frameon=False, fontsize=8.5)
        date = "Software" if path.suffix == ".png" else "Date"
        figure.savefig(path, dpi=120, metadata={date: None})
    return path


def named(outcome: Outcome) -> str:
    return f"{outcome.strategy} ({outcome.area.mean:.3f})"
