"""Label efficiency: what strategies reach with few labels, by the same learner on the same embeddings.

    python -m benchmarks.active_efficiency [--sets banking77 digits] [--starts warm cold] [--seeds 5] [--processes 2] [--dry] [--redraw]

20 labels at random to begin with (warm) or none (cold), batches of 50 (of 100 for 77 labels) up to 1,000, logistic regression
with C=10. Sets and starts that are not named keep what was measured of them last. Texts are read from QUERENT_DATA (or
../shared/data); without them only digits are measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from active.learners import LEARNERS
from active.replay import Options, compare, full_accuracy, named, summarise
from active.replay.summaries import Estimate, Outcome
from benchmarks import common, labeled_sets

NAME = "active_efficiency"
BUDGET = 1_000
STARTS = {"warm": 20, "cold": 0}
STRATEGIES = (
    "adaptive",
    "random",
    "margin",
    "cluster_margin",
    "badge",
    "typiclust",
    "k_center",
    "entropy",
    "least_confidence",
)
# Area at least, and labels to 95 % of full accuracy at most.
LIMITS: dict[str, dict[str, tuple[float, float | None]]] = {
    "banking77": {"warm": (0.790, 650), "cold": (0.836, None)},
    "trec6": {"warm": (0.808, 650), "cold": (0.812, None)},
    "ag_news": {"warm": (0.851, 115), "cold": (0.860, None)},
    "digits": {"warm": (0.947, 80), "cold": (0.956, None)},
}


def measured(name: str, start: str, options: Any) -> dict[str, Any]:
    """Every strategy on one set from one start."""
    made = {**labeled_sets.SETS, **labeled_sets.OTHERS}[name]
    examples = made.load(labeled_sets.folder() or Path())
    learner = LEARNERS["logistic"]
    budget = min(BUDGET, len(examples))
    how = Options(learner, start=STARTS[start], batch=made.batch, budget=budget)
    strategies = named(options.strategies)
    runs = list(compare(examples, strategies, range(options.seeds), how, processes=options.processes))
    runs.sort(key=lambda run: (list(strategies).index(run.strategy), run.seed))
    summary = summarise(runs, full=full_accuracy(examples, learner))
    print(name, start, {one.strategy: round(one.area.mean, 4) for one in summary.outcomes}, file=sys.stderr)
    return {
        "items": len(examples),
        "test_items": len(examples.test_labels),
        "labels": examples.n_labels,
        "seeds": options.seeds,
        "full_accuracy": round(summary.full, 4),
        "strategies": {one.strategy: told(one) for one in summary.outcomes},
    }


def told(one: Outcome) -> dict[str, Any]:
    return {
        "area": rounded(one.area),
        "gain": rounded(one.gain),
        "saved": rounded(one.saved),
        "labels_to_95": None if one.labels_to_target is None else round(one.labels_to_target),
        "labels": one.labels,
        "accuracy": [round(point.mean, 4) for point in one.accuracy],
        "error": [None if point.error is None else round(point.error, 4) for point in one.accuracy],
    }


def rounded(estimate: Estimate | None) -> dict[str, float | None] | None:
    if estimate is None:
        return None
    return {name: None if value is None else round(value, 4) for name, value in vars(estimate).items()}


def measure(options: Any) -> dict[str, Any]:
    """What is kept, with the sets and starts that were asked for measured anew."""
    try:
        before = common.kept(NAME)["sets"]
    except (OSError, json.JSONDecodeError):
        before = {}
    there = [*labeled_sets.SETS, *labeled_sets.OTHERS] if labeled_sets.folder() else ["digits"]
    if not labeled_sets.folder():
        print("No texts: set QUERENT_DATA to the folder that has text/.", file=sys.stderr)
    for name in options.sets or there:
        for start in options.starts:
            found = measured(name, start, options)
            # Strategies that were not asked for keep what was measured of them.
            kept = before.setdefault(name, {}).get(start, {})
            if kept.get("seeds") == found["seeds"] and kept.get("items") == found["items"]:
                found["strategies"] = {**kept["strategies"], **found["strategies"]}
            before[name][start] = found
    return {"limits": LIMITS, "sets": before}


def picture(result: dict[str, Any]) -> Path:
    """A panel of curves for each set and start."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    panels = [
        (name, start, found) for name, starts in result["sets"].items() for start, found in starts.items()
    ]
    rows = -(-len(panels) // 4)
    figure, axes = pyplot.subplots(rows, 4, figsize=(19, 3.9 * rows), layout="constrained", squeeze=False)
    for axis, (name, start, found) in zip(axes.flat, panels, strict=False):
        panel(axis, f"{name}, {start}", found)
    for axis in list(axes.flat)[len(panels) :]:
        axis.set_axis_off()
    figure.suptitle(
        "Accuracy by labels, mean over seeds with standard error; dashed: 95 % of that with all labels",
        fontsize=11,
    )
    path = common.RESULTS / f"{NAME}.png"
    figure.savefig(path, dpi=90, metadata={"Software": None})
    pyplot.close(figure)
    return path


def panel(axis: Any, title: str, found: dict[str, Any]) -> None:
    colors = {"adaptive": "#0b6570", "random": "#8a9196"}
    others = iter(
        ["#d55e00", "#0072b2", "#cc79a7", "#e69f00", "#56b4e9", "#009e73", "#6b4c9a", "#a0522d"] * 2
    )
    for name, one in found["strategies"].items():
        color = colors.get(name) or next(others)
        front = {"linewidth": 2.2, "zorder": 3} if name == "adaptive" else {"linewidth": 1.0}
        axis.plot(
            one["labels"], one["accuracy"], color=color, label=f"{name} {one['area']['mean']:.3f}", **front
        )
        if name in colors and None not in one["error"]:
            low, high = (
                [m + sign * e for m, e in zip(one["accuracy"], one["error"], strict=True)] for sign in (-1, 1)
            )
            axis.fill_between(one["labels"], low, high, color=color, alpha=0.2, linewidth=0)
    axis.axhline(0.95 * found["full_accuracy"], color="#b23b3a", linestyle="--", linewidth=0.9, zorder=0.5)
    axis.set_title(title, fontsize=10, loc="left")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(loc="lower right", frameon=False, fontsize=7.5)


def main() -> None:
    parser: argparse.ArgumentParser = common.parser(__doc__)
    parser.add_argument(
        "--sets", nargs="+", metavar="SET", choices=[*labeled_sets.SETS, *labeled_sets.OTHERS]
    )
    parser.add_argument("--starts", nargs="+", default=list(STARTS), choices=list(STARTS))
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    common.finish(NAME, options, lambda: measure(options), picture)


if __name__ == "__main__":
    main()
