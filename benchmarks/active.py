"""Acquisition functions: seconds and memory to choose 100 of up to a million items, beside other libraries on the same pool.

    python -m benchmarks.active [--peer-python PATH] [--repeats 5] [--only FUNCTION ...] [--pool FOLDER] [--dry] [--redraw]

PATH is a Python that has modAL-python, small-text and scikit-activeml; the environment variable QUERENT_ACTIVE_PEERS names it
too, and without it they are left out. They choose among as many items as they get through in about a minute, and so does this
project for the comparison. --only measures these functions anew and keeps the other figures.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from active.acquisition import ACQUISITIONS, Picks, Pool
from active.acquisition.distances import minima
from active.acquisition.k_center import k_center_from, squared_to
from active.acquisition.vectors import float_blocks
from benchmarks import common, pictures, pools

PICKS = 100
SIZES = {10_000: "10k", 100_000: "100k", 1_000_000: "1M"}
KNOWN = "k_center, minima known"
KEPT = common.RESULTS / "active.json"
SKACTIVEML, SMALL_TEXT, MODAL, SKLEARN = "scikit-activeml", "small-text", "modAL", "scikit-learn"


@dataclass(frozen=True)
class Case:
    """A function on so many items, what it may take, and the peers with the numbers of items that they get."""

    function: str
    items: int
    seconds: float | None = None
    extra_mb: float | None = None
    peers: dict[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.function}, {SIZES[self.items]}"


CASES = (
    Case("margin", 1_000_000, 0.3, 200, {MODAL: 1_000_000, SMALL_TEXT: 1_000_000, SKACTIVEML: 1_000_000}),
    Case("k_center", 1_000_000, 6.0, peers={SKACTIVEML: 100_000, SMALL_TEXT: 10_000}),
    Case(KNOWN, 1_000_000, 0.8),
    Case("badge", 1_000_000, 0.6, peers={SKACTIVEML: 10_000}),
    Case("kmeans_plus_plus", 1_000_000, 0.5, peers={SKLEARN: 100_000}),
    Case("cluster_margin", 1_000_000),
    Case("typiclust", 10_000, 0.5, peers={SKACTIVEML: 10_000}),
    Case("typiclust", 1_000_000, 20.0),
    Case("probcover", 100_000, 60.0, 2_000, {SKACTIVEML: 10_000}),
    Case("adaptive", 1_000_000),
)


def timed(function: str, folder: Path, items: int, repeats: int) -> dict[str, Any]:
    """Seconds of each repeat, and the memory that they took on top of the pool at its peak. A small pool warms up."""
    arrays = pools.read(folder, items)
    few = replace(arrays, embeddings=arrays.embeddings[:2_000], probabilities=arrays.probabilities[:2_000])
    prepared(function, few)()
    choose = prepared(function, arrays)
    before, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for _ in range(repeats):
        started = time.perf_counter()
        choose()
        seconds.append(round(time.perf_counter() - started, 4))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": seconds,
        "median_s": float(np.median(seconds)),
        "extra_mb": round((peak - before) / 1024),
    }


def prepared(function: str, arrays: pools.Arrays) -> Callable[[], Picks]:
    if function == KNOWN:
        known = minima(arrays.embeddings, arrays.labeled)
        return lambda: k_center_from(arrays.embeddings, minima(arrays.embeddings, arrays.new, known), PICKS)
    pool = Pool(arrays.probabilities, arrays.embeddings, arrays.labeled, arrays.labels)
    return lambda: ACQUISITIONS[function](pool, PICKS, np.random.default_rng(0))


def as_naive(folder: Path, items: int) -> bool:
    """Whether k-center picks what a loop picks that looks at every item for every pick."""
    arrays = pools.read(folder, items)
    squared = minima(arrays.embeddings, arrays.labeled)
    picks = k_center_from(arrays.embeddings, squared, PICKS).index
    naive = []
    for _ in range(PICKS):
        naive.append(int(squared.argmax()))
        for rows, block in float_blocks(arrays.embeddings):
            apart = squared_to(block, arrays.embeddings[naive[-1]])
            np.minimum(squared[rows], apart, out=squared[rows])
    return naive == picks.tolist()


def of_ours(function: str, folder: Path, items: int, repeats: int) -> dict[str, Any]:
    """In a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "benchmarks.active", "--timed", function, str(folder), str(items)]
    return spoken([*command, "--repeats", str(repeats)])


def of_peer(python: str, peer: str, function: str, folder: Path, items: int) -> dict[str, Any]:
    script = Path(__file__).with_name("peer_active.py")
    return spoken([python, "-W", "ignore", str(script), str(folder), function, peer, str(items), "1"])


def spoken(command: list[str]) -> dict[str, Any]:
    output = subprocess.run(command, cwd=common.ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(output.stdout.splitlines()[-1]))


def measured(case: Case, folder: Path, options: Any) -> dict[str, Any]:
    """This project's figures, and each peer's beside this project's on as many items."""
    result: dict[str, Any] = {
        "ours": of_ours(case.function, folder, case.items, options.repeats),
        "peers": {},
    }
    for peer, items in case.peers.items() if options.peer_python else ():
        theirs = of_peer(options.peer_python, peer, case.function, folder, items)
        ours = of_ours(case.function, folder, items, options.repeats)
        times = round(float(np.median(theirs["seconds"])) / ours["median_s"], 1)
        result["peers"][peer] = {"items": items, **theirs, "ours": ours, "times_as_fast": times}
    if case.function == "k_center":
        result["as_naive"] = spoken([sys.executable, "-m", "benchmarks.active", "--naive", str(folder)])[
            "same"
        ]
    return {**result, "load": os.getloadavg()}


def measure(options: Any) -> dict[str, Any]:
    if not options.peer_python:
        print("No peers: give --peer-python PATH to compare with them.", file=sys.stderr)
    chosen = [case for case in CASES if options.only is None or case.function in options.only]
    results = common.kept("active")["cases"] if options.only and KEPT.exists() else {}
    with tempfile.TemporaryDirectory(prefix="querent-bench-") as name:
        folder = Path(options.pool or name)
        if not (folder / "labels").exists():
            pools.write(folder)
        results |= {case.title: measured(case, folder, options) for case in chosen}
    limits = {case.title: {"seconds": case.seconds, "extra_mb": case.extra_mb} for case in CASES}
    return {
        "picks": PICKS,
        "labeled": pools.LABELED,
        "width": pools.WIDTH,
        "cases": results,
        "limits": limits,
    }


def picture(result: dict[str, Any]) -> Path:
    panels = [panel(case, result["cases"][case.title]) for case in CASES if case.title in result["cases"]]
    return pictures.draw("active", f"Choosing {PICKS} items: seconds", panels)


def panel(case: Case, found: dict[str, Any]) -> pictures.Panel:
    """The full size, then every peer beside this project on as many items."""
    ours, others, notes = {SIZES[case.items]: found["ours"]["median_s"]}, {}, {}
    notes[f"{pictures.OURS}, {SIZES[case.items]}"] = f"+{found['ours']['extra_mb']} MB"
    for peer, run in found["peers"].items():
        size = SIZES[run["items"]]
        ours[size] = run["ours"]["median_s"] if size not in ours else ours[size]
        others[f"{peer}, {size}"] = float(np.median(run["seconds"]))
        notes[f"{peer}, {size}"] = f"+{run['extra_mb']:,} MB"
    return pictures.versus(case.title, ours, others, case.seconds, notes=notes)


def main() -> None:
    parser = common.parser(__doc__)
    peers = os.environ.get("QUERENT_ACTIVE_PEERS")
    parser.add_argument("--peer-python", metavar="PATH", default=peers, help="a Python that has the peers")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="FUNCTION", choices=[case.function for case in CASES])
    parser.add_argument("--pool", metavar="FOLDER", help="keep the pool there, or take the one that is there")
    parser.add_argument("--timed", nargs=3, metavar=("FUNCTION", "FOLDER", "ITEMS"), help="time this only")
    parser.add_argument("--naive", metavar="FOLDER", help="only compare k-center with the naive loop")
    options = parser.parse_args()
    if options.timed:
        function, folder, items = options.timed
        print(json.dumps(timed(function, Path(folder), int(items), options.repeats)))
        return
    if options.naive:
        print(json.dumps({"same": as_naive(Path(options.naive), 1_000_000)}))
        return
    common.finish("active", options, lambda: measure(options), picture)


if __name__ == "__main__":
    main()
