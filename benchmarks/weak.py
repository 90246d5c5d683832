"""Label models for functions: how right and how well calibrated on many sets, and how fast, beside snorkel and crowd-kit.

    python -m benchmarks.weak [--peer-python PATH] [--seeds 2] [--repeats 3] [--dry] [--redraw]

Simulated sets are always there; real ones are read from QUERENT_DATA (or ../shared/data) and left out without it. The
peers are left out without PATH, a Python that has snorkel and crowd-kit.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common, crowds, pictures, weak_texts
from benchmarks.weak_sets import KINDS, PUBLISHED, WeakSet, simulate
from labelmodel.estimators import DEFAULT_FOR_FUNCTIONS, ESTIMATORS, Votes, update

HANDED_OUT = ("youtube", "trec")
METHODS = ("majority", "weighted_vote", "dawid_skene", "matrix_completion", "triplet", DEFAULT_FOR_FUNCTIONS)
PEERS = {
    "snorkel": "snorkel",
    "snorkel, balance given": "snorkel-balanced",
    "crowd-kit Wawa": "Wawa",
    "crowd-kit DawidSkene": "DawidSkene",
}
ITEMS, FUNCTIONS, ABSTAIN = 1_000_000, 20, 0.7
GOLD = 50
# Peers are asked of sets with so many labels at most: Snorkel's matrix is quadratic in functions times labels.
MOST_LABELS = 20
LIMITS: dict[str, Any] = {
    "accuracy": {"youtube": 0.86, "trec": 0.63},
    "log_loss": 1.0,
    "seconds": 2.0,
    "peak_mb": 600,
}


def votes_of(matrix: Any, n_labels: int) -> Votes:
    item, source = np.nonzero(matrix >= 0)
    return Votes(item, source, matrix[item, source], *matrix.shape, n_labels)


def sets(seeds: int) -> Iterator[tuple[str, str, WeakSet]]:
    """Kind of set, its name, and the set."""
    folder = crowds.folder()
    if folder is None:
        print("No real sets: set QUERENT_DATA to the folder that has weak/ and text/.", file=sys.stderr)
    else:
        for name in HANDED_OUT:
            yield "handed out", name, handed_out(folder.parent / "weak" / name)
        for name, text in weak_texts.TEXTS.items():
            yield "texts", name, weak_texts.read(folder.parent / "text", text)
    for title, kinds in (("simulated", KINDS), ("like published", PUBLISHED)):
        for name, kind in kinds.items():
            for seed in range(seeds):
                yield title, f"{title}: {name}, {seed}", simulate(kind, seed)


def handed_out(folder: Path) -> WeakSet:
    parts: list[Any] = []
    for split in ("train", "test"):
        with np.load(folder / f"{split}.npz") as file:
            parts += [file["L"].astype(np.int64), file["y"].astype(np.int64)]
    train, train_truth, test, test_truth = parts
    return WeakSet(train, train_truth, test, test_truth, int(train_truth.max()) + 1)


def marks(posterior: Any, truth: Any) -> dict[str, float]:
    """Over all items, those that no function voted for included; the first of equally likely labels is taken."""
    crowd = crowds.Crowd(Votes([], [], [], 0, 0, 1), np.arange(len(truth)), truth)
    return crowds.marks(crowd, posterior)


def judged(weak: WeakSet) -> dict[str, dict[str, float]]:
    """Marks of every method, learned without a single label; of the default also with the balance, and with gold."""
    train, test = votes_of(weak.train, weak.n_labels), votes_of(weak.test, weak.n_labels)
    result = {name: marks(update(ESTIMATORS[name](train), test), weak.test_truth) for name in METHODS}
    fit = ESTIMATORS[DEFAULT_FOR_FUNCTIONS]
    balance = np.bincount(weak.train_truth, minlength=weak.n_labels) / len(weak.train_truth)
    known = np.random.default_rng(0).choice(len(weak.train_truth), min(GOLD, len(weak.train_truth)), False)
    more = {
        "balance given": fit(train, prior=balance),
        f"{GOLD} labels": fit(train, gold=(known, weak.train_truth[known])),
    }
    return result | {
        f"{DEFAULT_FOR_FUNCTIONS}, {how}": marks(update(fitted, test), weak.test_truth)
        for how, fitted in more.items()
    }


def peer(python: str, method: str, weak: dict[str, WeakSet]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A peer's posterior of each set's test items, (n_items, n_labels), and what it took, in one process."""
    with tempfile.TemporaryDirectory() as folder:
        for number, one in enumerate(weak.values()):
            counts = np.bincount(one.train_truth, minlength=one.n_labels)
            balance = np.maximum(counts / counts.sum(), 1e-3)
            path = Path(folder) / f"{number:03}.npz"
            np.savez(path, train=one.train, test=one.test, n_labels=one.n_labels, balance=balance)
        script = Path(__file__).with_name("peer_weak.py")
        command = [python, "-W", "ignore", str(script), method, folder]
        output = subprocess.run(command, check=True, capture_output=True, text=True)
        found = {
            name: np.load(Path(folder) / f"{number:03}.{method}.npy") for number, name in enumerate(weak)
        }
    return found, json.loads(output.stdout.splitlines()[-1])


def quality(options: Any) -> dict[str, Any]:
    """Marks by kind of set, set and method."""
    every = {name: (kind, weak) for kind, name, weak in sets(options.seeds)}
    found: dict[str, dict[str, Any]] = {}
    for name, (kind, weak) in every.items():
        found.setdefault(kind, {})[name] = judged(weak)
    few = {name: weak for name, (_, weak) in every.items() if weak.n_labels <= MOST_LABELS}
    for title, method in PEERS.items() if options.peer_python else ():
        posteriors, _ = peer(options.peer_python, method, few)
        for name, weak in few.items():
            found[every[name][0]][name][title] = marks(posteriors[name], weak.test_truth)
    return found


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """Of each method over the sets of each kind: mean accuracy, mean log loss, and the least gain over the majority.

    Only sets that every method was asked of count.
    """
    result: dict[str, Any] = {}
    for kind, every in found.items():
        methods = max(every.values(), key=len)
        some = [marks for marks in every.values() if len(marks) == len(methods)]
        for method in methods:
            rows = [marks[method] for marks in some]
            gains = [marks[method]["accuracy"] - marks["majority"]["accuracy"] for marks in some]
            result.setdefault(kind, {})[method] = {
                "accuracy": round(float(np.mean([row["accuracy"] for row in rows])), 4),
                "log_loss": round(float(np.mean([row["log_loss"] for row in rows])), 4),
                "calibration_error": round(float(np.mean([row["calibration_error"] for row in rows])), 4),
                "least_gain": round(float(min(gains)), 4),
                "sets": len(some),
            }
    return result


def large(n_labels: int) -> WeakSet:
    """A million items and 20 independent functions that abstain on 70 %: hardly two items have the same votes."""
    rng = np.random.default_rng(0)
    truth = rng.integers(n_labels, size=ITEMS, dtype=np.int8)
    votes = np.full((ITEMS, FUNCTIONS), -1, dtype=np.int8)
    for number in range(FUNCTIONS):
        speaks = rng.random(ITEMS, dtype=np.float32) >= ABSTAIN
        right = rng.random(ITEMS, dtype=np.float32) < 0.5 + 0.4 * number / FUNCTIONS
        wrong = rng.integers(n_labels, size=ITEMS, dtype=np.int8)
        votes[:, number] = np.where(speaks, np.where(right, truth, wrong), -1)
    return WeakSet(votes, truth, votes, truth, n_labels)


def timed(n_labels: int, repeats: int) -> dict[str, Any]:
    """Seconds of fit and predict after one that warms up, and the peak of memory of this whole process."""
    weak = large(n_labels)
    item, source = (part.astype(np.int32) for part in np.nonzero(weak.train >= 0))
    label, truth = weak.train[item, source].astype(np.int32), weak.train_truth
    del weak
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        votes = Votes(item, source, label, ITEMS, FUNCTIONS, n_labels)
        fit = ESTIMATORS[DEFAULT_FOR_FUNCTIONS](votes)
        seconds.append(round(time.perf_counter() - started, 3))
    return {
        "seconds": seconds[1:],
        "median_s": float(np.median(seconds[1:])),
        "accuracy": float((fit.posterior.argmax(axis=1) == truth).mean()),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def speed(options: Any) -> dict[str, Any]:
    """Each in a process of its own, so that its memory is its own."""
    runs: dict[str, Any] = {}
    for n_labels in (2, 4):
        command = [sys.executable, "-m", "benchmarks.weak", "--timed", str(n_labels)]
        command += ["--repeats", str(options.repeats)]
        output = subprocess.run(command, cwd=common.ROOT, check=True, capture_output=True, text=True)
        runs[str(n_labels)] = {DEFAULT_FOR_FUNCTIONS: json.loads(output.stdout)}
        if options.peer_python:
            weak = large(n_labels)
            posteriors, run = peer(options.peer_python, "snorkel", {"large": weak})
            right = float((posteriors["large"].argmax(axis=1) == weak.test_truth).mean())
            seconds = run["seconds"]["000"]
            runs[str(n_labels)]["snorkel"] = {**run, "median_s": seconds, "accuracy": right}
    return runs


def measure(options: Any) -> dict[str, Any]:
    if not options.peer_python:
        print("No peers: give --peer-python PATH to compare with snorkel and crowd-kit.", file=sys.stderr)
    speeds, found = speed(options), quality(options)
    return {
        "seeds": options.seeds,
        "speed": speeds,
        "summary": summary(found),
        "quality": found,
        "limits": LIMITS,
    }


def picture(result: dict[str, Any]) -> Path:
    panels = []
    for name, marks in result["quality"].get("handed out", {}).items():
        panels.append(panel(f"{name}: accuracy", marks, "accuracy", LIMITS["accuracy"][name], at_least=True))
    for kind, marks in result["summary"].items():
        count = marks["majority"]["sets"]
        if kind != "handed out":
            panels.append(panel(f"{count} {kind}: mean accuracy", marks, "accuracy", None))
        panels.append(panel(f"{count} {kind}: mean log loss", marks, "log_loss", LIMITS["log_loss"]))
    for n_labels, runs in result["speed"].items():
        what = f"1M items, 20 functions, {n_labels} labels"
        panels.append(panel(f"{what}: s", runs, "median_s", LIMITS["seconds"]))
        panels.append(panel(f"{what}: peak MB", runs, "peak_mb", LIMITS["peak_mb"]))
    return pictures.draw(
        "weak", f"Label models for functions; {pictures.OURS} has {DEFAULT_FOR_FUNCTIONS}", panels
    )


def panel(title: str, rows: dict[str, Any], key: str, limit: float | None, **more: Any) -> pictures.Panel:
    ours = {
        name.removeprefix(DEFAULT_FOR_FUNCTIONS).removeprefix(", "): row[key]
        for name, row in rows.items()
        if name.startswith(DEFAULT_FOR_FUNCTIONS)
    }
    others = {name: row[key] for name, row in rows.items() if not name.startswith(DEFAULT_FOR_FUNCTIONS)}
    return pictures.versus(title, ours, others, limit, **more)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has snorkel and crowd-kit")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument(
        "--timed", type=int, metavar="LABELS", help="time the default with so many labels only"
    )
    options = parser.parse_args()
    if options.timed:
        print(json.dumps(timed(options.timed, options.repeats)))
        return
    common.finish("weak", options, lambda: measure(options), picture)


if __name__ == "__main__":
    main()
