"""Label models: how right and how well calibrated on real and simulated crowds, and how fast, beside crowd-kit.

    python -m benchmarks.labelmodel [--peer-python PATH [--peer-large]] [--repeats 5] [--seeds 5] [--dry] [--redraw]

Real crowds are read from QUERENT_DATA (or ../shared/data); without them those parts are left out, and so is crowd-kit
without PATH, a Python that has it. --peer-large lets crowd-kit also fit a million items (over a minute).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common, crowds, pictures, products
from labelmodel.estimators import DEFAULT_FOR_PEOPLE, ESTIMATORS, Votes

LABELS, EACH, ITERATIONS, PEER_ITERATIONS = 4, 5, 20, 5
SIZES = {"100k": (100_000, 1_000), "1M": (1_000_000, 5_000)}
LIMITS: dict[str, Any] = {
    "seconds": {"100k": 0.3, "1M": 3.0},
    "peak_mb": 600,
    "accuracy": {"bluebird": 0.889, "rte": 0.931, "web": 0.829, "d_product": 0.940},
    "accuracy_slack": 0.005,
    "log_loss": 0.40,
    "calibration_error": 0.05,
    "below_majority": 0.01,
    "above_majority_mean": 0.025,
    "with_model": 0.955,
}
# Accuracies that papers and an earlier comparison give.
PUBLISHED = {
    "Dawid-Skene": {"bluebird": 0.889, "rte": 0.927, "web": 0.829, "d_product": 0.940},
    "EBCC": {"bluebird": 0.861, "rte": 0.931, "web": 0.769, "d_product": 0.935},
}
PEER = "crowd-kit DawidSkene"
PEERS = {"MajorityVote": 1, "DawidSkene": 100, "OneCoinDawidSkene": 100}


def independent(items: int, sources: int) -> tuple[Votes, Any]:
    """Votes of independent sources in no order, and the truth."""
    rng = np.random.default_rng(0)
    truth = rng.integers(LABELS, size=items, dtype=np.int32)
    item = rng.permutation(np.repeat(np.arange(items, dtype=np.int32), EACH))
    source = rng.integers(sources, size=len(item), dtype=np.int32)
    right = (
        rng.random(len(item), dtype=np.float32) < rng.uniform(0.4, 0.9, sources).astype(np.float32)[source]
    )
    label = np.where(right, truth[item], rng.integers(LABELS, size=len(item), dtype=np.int32))
    return Votes(item, source, label, items, sources, LABELS), truth


def timed(name: str, size: str, repeats: int) -> dict[str, Any]:
    """Seconds of each repeat after one that warms up, accuracy, and the peak of memory of this whole process."""
    votes, truth = independent(*SIZES[size])
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        fit = ESTIMATORS[name](votes, iterations=ITERATIONS, tolerance=-1.0)
        seconds.append(round(time.perf_counter() - started, 4))
    return {
        "iterations": len(fit.objective),
        "seconds": seconds[1:],
        "median_s": float(np.median(seconds[1:])),
        "accuracy": float((fit.posterior.argmax(axis=1) == truth).mean()),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def speed(options: Any) -> dict[str, Any]:
    """Each in a process of its own, so that its memory is its own."""
    runs: dict[str, Any] = {}
    for size in SIZES:
        for name in ("dawid_skene", DEFAULT_FOR_PEOPLE):
            command = [sys.executable, "-m", "benchmarks.labelmodel", "--timed", name, size]
            command += ["--repeats", str(options.repeats)]
            output = subprocess.run(command, cwd=common.ROOT, check=True, capture_output=True, text=True)
            runs.setdefault(size, {})[name] = json.loads(output.stdout)
        if options.peer_python and (size == "100k" or options.peer_large):
            runs[size][PEER] = peer_speed(options.peer_python, size)
    return runs


def ratios(speeds: dict[str, Any]) -> dict[str, Any]:
    """Times as fast per iteration, and share of the memory, of each estimator against crowd-kit on the same votes."""
    result: dict[str, Any] = {}
    for size, runs in speeds.items():
        if peer_run := runs.get(PEER):
            slow = peer_run["seconds"] / peer_run["iterations"]
            result[size] = {
                name: {
                    "times_as_fast": round(slow * run["iterations"] / run["median_s"], 1),
                    "share_of_memory": round(run["peak_mb"] / peer_run["peak_mb"], 2),
                }
                for name, run in runs.items()
                if name != PEER
            }
    return result


def peer_speed(python: str, size: str) -> dict[str, Any]:
    votes, truth = independent(*SIZES[size])
    iterations = ITERATIONS if size == "100k" else PEER_ITERATIONS
    posterior, run = peer(python, votes, "DawidSkene", iterations)
    return {**run, "iterations": iterations, "accuracy": float((posterior.argmax(axis=1) == truth).mean())}


def peer(python: str, votes: Votes, method: str, iterations: int) -> tuple[Any, dict[str, Any]]:
    """crowd-kit's posterior, (n_items, n_labels), and what it took."""
    with tempfile.TemporaryDirectory() as folder:
        given, result = Path(folder) / "votes.npz", Path(folder) / "posterior.npz"
        np.savez(given, **vars(votes))
        script = Path(__file__).with_name("peer_crowdkit.py")
        command = [python, "-W", "ignore", str(script), str(given), method, str(iterations), str(result)]
        output = subprocess.run(command, check=True, capture_output=True, text=True)
        with np.load(result) as file:
            return file["posterior"], json.loads(output.stdout.splitlines()[-1])


def real_crowds() -> dict[str, crowds.Crowd]:
    folder = crowds.folder()
    if folder is None:
        print("No real crowds: set QUERENT_DATA to the folder that has crowd/.", file=sys.stderr)
        return {}
    return {name: crowds.read(folder, name) for name in crowds.REAL}


def judged(crowd: crowds.Crowd) -> dict[str, dict[str, float]]:
    return {name: crowds.marks(crowd, fit(crowd.votes).posterior) for name, fit in ESTIMATORS.items()}


def quality(real: dict[str, crowds.Crowd], python: str | None) -> dict[str, Any]:
    """Marks of every estimator, and of crowd-kit, on each real crowd, and their means."""
    result = {}
    for name, crowd in real.items():
        result[name] = judged(crowd)
        for method, iterations in PEERS.items() if python else ():
            posterior, _ = peer(str(python), crowd.votes, method, iterations)
            result[name][f"crowd-kit {method}"] = crowds.marks(crowd, posterior)
    return {**result, "mean": means(result.values())} if result else {}


def means(results: Iterable[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    every = list(results)
    return {
        name: {mark: round(float(np.mean([one[name][mark] for one in every])), 4) for mark in marks}
        for name, marks in every[0].items()
    }


def robustness(real: dict[str, crowds.Crowd], seeds: int) -> dict[str, Any]:
    """Means over seeds on simulated crowds and on parts of real ones, with the gain over the majority vote."""
    result = {}
    for name, how in crowds.SIMULATIONS.items():
        result[name] = against_majority([crowds.simulate(how, seed) for seed in range(seeds)])
    parts = [crowds.parts(real, seed) for seed in range(seeds)] if real else [{}]
    for name in parts[0]:
        result[name] = against_majority([each[name] for each in parts])
    return result


def against_majority(some: list[crowds.Crowd]) -> dict[str, Any]:
    marks = means([judged(crowd) for crowd in some])
    majority = float(np.mean([crowds.majority_accuracy(crowd) for crowd in some]))
    for mark in marks.values():
        mark["gain"] = round(mark["accuracy"] - majority, 4)
    return marks


def summary(real: dict[str, crowds.Crowd], tests: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Of each estimator: least and mean gain over the majority vote, and mean log loss, over all crowds."""
    every = [*tests.values(), *(against_majority([crowd]) for crowd in real.values())]
    return {
        name: {
            "least_gain": min(each[name]["gain"] for each in every),
            "mean_gain": round(float(np.mean([each[name]["gain"] for each in every])), 4),
            "mean_log_loss": round(float(np.mean([each[name]["log_loss"] for each in every])), 4),
        }
        for name in ESTIMATORS
    }


def model_as_voter(crowd: crowds.Crowd) -> dict[str, Any]:
    folder = crowds.folder()
    assert folder is not None
    fit = ESTIMATORS[DEFAULT_FOR_PEOPLE]
    before = fit(crowd.votes).posterior
    chance = products.predicted(products.features(folder), before)
    after = fit(products.with_voter(crowd.votes, chance)).posterior
    return {
        "people": crowds.marks(crowd, before),
        "model": crowds.marks(crowd, np.column_stack([1.0 - chance, chance])),
        "people and model": crowds.marks(crowd, after),
    }


def measure(options: Any) -> dict[str, Any]:
    if not options.peer_python:
        print("No crowd-kit: give --peer-python PATH to compare with it.", file=sys.stderr)
    real = real_crowds()
    tests, speeds = robustness(real, options.seeds), speed(options)
    return {
        "speed": speeds,
        "ratios": ratios(speeds),
        "quality": quality(real, options.peer_python),
        "robustness": tests,
        "summary": summary(real, tests),
        "model_as_voter": model_as_voter(real["d_product"]) if real else {},
        "published": PUBLISHED,
        "limits": LIMITS,
    }


def picture(result: dict[str, Any]) -> Path:
    panels = [speed_panel(size, runs) for size, runs in result["speed"].items()]
    runs = result["speed"]["1M"]
    panels.append(panel("1M items: peak memory, MB", runs, "peak_mb", LIMITS["peak_mb"]))
    if result["quality"]:
        panels += [accuracy_panel(name, result["quality"][name]) for name in crowds.REAL]
        mean = result["quality"]["mean"]
        panels.append(panel("Mean log loss on these four", mean, "log_loss", LIMITS["log_loss"]))
        panels.append(panel("Mean calibration error", mean, "calibration_error", LIMITS["calibration_error"]))
    if voter := result["model_as_voter"]:
        values = {what: marks["accuracy"] for what, marks in voter.items()}
        title = "d_product with a model as a voter: accuracy"
        panels.append(pictures.versus(title, values, {}, LIMITS["with_model"], at_least=True))
    return pictures.draw("labelmodel", f"Label models; {pictures.OURS} has {DEFAULT_FOR_PEOPLE}", panels)


def speed_panel(size: str, runs: dict[str, Any]) -> pictures.Panel:
    title = f"{size} items, {EACH} votes each, {ITERATIONS} iterations: s"
    per_iteration = {
        name: {"s": run.get("median_s", run.get("seconds")) / run["iterations"] * ITERATIONS}
        for name, run in runs.items()
    }
    notes = {
        name: f"from {run['iterations']}" for name, run in runs.items() if run["iterations"] != ITERATIONS
    }
    return panel(title, per_iteration, "s", LIMITS["seconds"][size], notes=notes)


def accuracy_panel(name: str, marks: dict[str, Any]) -> pictures.Panel:
    limit = LIMITS["accuracy"][name] - LIMITS["accuracy_slack"]
    published = {f"{model}, published": {"accuracy": value[name]} for model, value in PUBLISHED.items()}
    return panel(f"{name}: accuracy", {**marks, **published}, "accuracy", limit, at_least=True)


def panel(title: str, rows: dict[str, Any], key: str, limit: float, **more: Any) -> pictures.Panel:
    """Bars of the default as this project's, of everything else as what it is compared with."""
    others = {name: row[key] for name, row in rows.items() if name != DEFAULT_FOR_PEOPLE}
    return pictures.versus(title, {"": rows[DEFAULT_FOR_PEOPLE][key]}, others, limit, **more)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has crowd-kit")
    parser.add_argument("--peer-large", action="store_true", help="let crowd-kit fit a million items too")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--timed", nargs=2, metavar=("ESTIMATOR", "SIZE"), help="time this one only")
    options = parser.parse_args()
    if options.timed:
        print(json.dumps(timed(*options.timed, options.repeats)))
        return
    common.finish("labelmodel", options, lambda: measure(options), picture)


if __name__ == "__main__":
    main()
