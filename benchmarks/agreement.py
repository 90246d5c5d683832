"""Krippendorff's alpha with its interval at a hundred thousand items, beside crowd-kit's alpha, which has none.

python -m benchmarks.agreement [--items 100000] [--each 5] [--rounds 5] [--peer-python PATH] [--dry]

PATH is the Python of an environment that has crowd-kit; without it, the peer is left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from annotation.agreement import COEFFICIENTS, Judgments, Level, agreement, pairwise
from benchmarks import common

SOURCES = 1000
MUST = 0.3

PEER = """
import importlib.metadata, json, sys, time
import numpy as np, pandas as pd
from crowdkit.metrics.data import alpha_krippendorff
found = np.load(sys.argv[1])
frame = pd.DataFrame({"task": found["item"], "worker": found["source"], "label": found["value"]})
took = []
for _ in range(int(sys.argv[2])):
    started = time.perf_counter()
    value = alpha_krippendorff(frame)
    took.append(time.perf_counter() - started)
print(json.dumps({"version": importlib.metadata.version("crowd-kit"), "value": value, "seconds": took}))
"""


def simulated(n_items: int, each: int, n_labels: int | None, level: Level) -> Judgments:
    """Right in 7 of 10 cases and a guess else, in no order; without n_labels, numbers with noise."""
    rng = np.random.default_rng(0)
    n = n_items * each
    order = rng.permutation(n)
    item = np.repeat(np.arange(n_items), each)[order]
    source = ((rng.integers(SOURCES, size=n_items)[:, None] + np.arange(each)) % SOURCES).ravel()[order]
    if n_labels is None:
        numbers = rng.normal(size=n_items)[item] + 0.5 * rng.normal(size=n)
        values, value = np.unique(numbers, return_inverse=True)
        return Judgments(item, source, value, n_items, SOURCES, values, level)
    guess = rng.integers(n_labels, size=n)
    value = np.where(rng.random(n) < 0.7, rng.integers(n_labels, size=n_items)[item], guess)
    values = [frozenset(i for i in range(8) if k + 1 >> i & 1) for k in range(n_labels)]
    return Judgments(
        item, source, value, n_items, SOURCES, values if level == "set" else range(n_labels), level
    )


def again(judgments: Judgments) -> Judgments:
    """Checked anew and without anything counted yet."""
    j = judgments
    return Judgments(j.item, j.source, j.value, j.n_items, j.n_sources, j.values, j.level)


def timed(work: Any, rounds: int) -> tuple[list[float], Any]:
    took, found = [], None
    for _ in range(rounds):
        started = time.perf_counter()
        found = work()
        took.append(round(time.perf_counter() - started, 4))
    return took, found


def ours(judgments: Judgments, name: str, rounds: int, *, pairs: bool = False) -> dict[str, Any]:
    """The checks and counting included: everything from arrays to the interval."""
    took, found = timed(lambda: agreement(again(judgments), name), rounds)
    row = {
        "value": round(found.value, 4),
        "interval": [round(found.low, 4), round(found.high, 4)],
        "median_s": statistics.median(took),
        "seconds": took,
    }
    if pairs:
        took, _ = timed(lambda: pairwise(again(judgments), name), rounds)
        row["pairwise_median_s"] = statistics.median(took)
    return row


def peer(python: str, judgments: Judgments, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "judgments.npz"
        np.savez(path, item=judgments.item, source=judgments.source, value=judgments.value)
        command = [python, "-W", "ignore", "-c", PEER, str(path), str(rounds)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = dict(json.loads(done.stdout.splitlines()[-1]))
    return {**found, "median_s": statistics.median(found["seconds"])}


def picture(alphas: dict[str, dict[str, Any]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = list(alphas)[::-1]
    figure, axes = pyplot.subplots(figsize=(9, 0.45 * len(names) + 1.4))
    bars = axes.barh(names, [alphas[name]["median_s"] for name in names], color="#3b6fb6")
    axes.bar_label(bars, fmt="%.3f s", padding=3)
    for name, row in alphas.items():
        if "peer" in row:
            axes.plot(row["peer"]["median_s"], name, "o", color="#b6553b")
            axes.annotate(
                f"crowd-kit, no interval: {row['peer']['median_s']:.2f} s",
                (row["peer"]["median_s"], name),
                xytext=(-8, 8),
                textcoords="offset points",
                ha="right",
            )
    axes.axvline(MUST, color="#888", linestyle="--")
    axes.set_xscale("log")
    axes.set_xlabel("seconds: alpha and 1,000 resamples (dashed: the target)")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--each", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-python", help="Python of an environment with crowd-kit")
    parser.add_argument("--dry", action="store_true", help="print, but do not keep the result")
    options = parser.parse_args()
    alphas: dict[str, dict[str, Any]] = {}
    kinds: list[tuple[str, int | None, Level, str]] = [
        ("4 labels", 4, "nominal", "alpha"),
        ("30 labels", 30, "nominal", "alpha"),
        ("3,000 labels", 3000, "nominal", "alpha"),
        ("5 ordered labels", 5, "ordinal", "alpha"),
        ("30 ordered labels", 30, "ordinal", "alpha"),
        ("numbers 0 to 100", 101, "interval", "alpha"),
        ("numbers, all different", None, "interval", "alpha"),
        ("30 sets, Jaccard", 30, "set", "alpha-jaccard"),
        ("30 sets, MASI", 30, "set", "alpha-masi"),
    ]
    for title, n_labels, level, name in kinds:
        judgments = simulated(options.items, options.each, n_labels, level)
        alphas[title] = ours(judgments, name, options.rounds)
        if options.peer_python and level == "nominal" and n_labels in {4, 30}:
            alphas[title]["peer"] = peer(options.peer_python, judgments, options.rounds)
        print(title, alphas[title], flush=True)
    if not options.peer_python:
        print("crowd-kit is left out: name the Python of an environment that has it by --peer-python")
    judgments = simulated(options.items, options.each, 4, "ordinal")
    others = {
        name: ours(judgments, name, 1, pairs=True)
        for name, coefficient in COEFFICIENTS.items()
        if "ordinal" in coefficient.levels
    }
    print(others)
    if not options.dry:
        result = {
            "items": options.items,
            "each": options.each,
            "sources": SOURCES,
            "must_s": MUST,
            "alpha": alphas,
            "ordinal, 4 labels": others,
        }
        path = common.write("agreement", result)
        picture(alphas, path.with_suffix(".png"))
        print(path)


if __name__ == "__main__":
    main()
