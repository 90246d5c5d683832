"""Adaptive overlap on real crowds: how many judgments it saves at equal accuracy, replayed from votes that people gave.

    python -m benchmarks.overlap [--seeds 5] [--targets 0.8 0.9 0.95 0.98] [--dry]

Each item gets at least two of its votes, in random order, then one more as long as the label model is less sure of it than
the target and votes are left; beside it everybody gets the same number. Both read their votes by the default estimator.
Needs the real crowds (QUERENT_DATA or ../shared/data), which are not part of the project.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common, crowds
from labelmodel.estimators import DEFAULT_FOR_PEOPLE, ESTIMATORS, Votes

LEAST, MOST = 2, 12
fit = ESTIMATORS[DEFAULT_FOR_PEOPLE]


def shuffled(votes: Votes, seed: int) -> NDArray[np.int_]:
    """For each vote its place among those of its item, in an order of chance."""
    order = np.random.default_rng(seed).permutation(len(votes))
    order = order[np.argsort(votes.item[order], kind="stable")]
    starts = np.searchsorted(votes.item[order], np.arange(votes.n_items))
    place = np.empty(len(votes), dtype=np.int64)
    place[order] = np.arange(len(votes)) - starts[votes.item[order]]
    return place


def first(votes: Votes, wanted: NDArray[np.int_], place: NDArray[np.int_]) -> Votes:
    """The first so many votes of each item."""
    kept = place < wanted[votes.item]
    return Votes(
        votes.item[kept],
        votes.source[kept],
        votes.label[kept],
        votes.n_items,
        votes.n_sources,
        votes.n_labels,
    )


def judged(crowd: crowds.Crowd, votes: Votes) -> tuple[int, float, NDArray[np.float64]]:
    """Judgments used, accuracy over the items with known truth, and the confidence of every item."""
    posterior = fit(votes).posterior
    right = posterior[crowd.item].argmax(axis=1) == crowd.truth
    return len(votes), float(right.mean()), posterior.max(axis=1)


def fixed(crowd: crowds.Crowd, place: NDArray[np.int_]) -> Iterator[tuple[int, float]]:
    for overlap in range(1, MOST + 1):
        if overlap > 1 and not (place == overlap - 1).any():
            return
        used, accuracy, _ = judged(crowd, first(crowd.votes, np.full(crowd.votes.n_items, overlap), place))
        yield used, accuracy


def adaptive(crowd: crowds.Crowd, place: NDArray[np.int_], target: float) -> tuple[int, float]:
    there = np.bincount(crowd.votes.item, minlength=crowd.votes.n_items)
    wanted = np.minimum(LEAST, there)
    while True:
        used, accuracy, confidence = judged(crowd, first(crowd.votes, wanted, place))
        more = (confidence < target) & (wanted < np.minimum(there, MOST))
        if not more.any():
            return used, accuracy
        wanted = wanted + more


def needed(curve: list[tuple[float, float]], accuracy: float) -> float | None:
    """Judgments that an equal number for everybody needs for this accuracy, between the points by a straight line."""
    best = 0.0
    before: tuple[float, float] | None = None
    for used, reached in curve:
        reached = best = max(best, reached)
        if reached >= accuracy:
            if before is None or reached == before[1]:
                return used
            return before[0] + (used - before[0]) * (accuracy - before[1]) / (reached - before[1])
        before = (used, reached)
    return None


def replay(crowd: crowds.Crowd, seeds: int, targets: list[float]) -> dict[str, Any]:
    places = [shuffled(crowd.votes, seed) for seed in range(seeds)]
    curves = np.array([list(fixed(crowd, place)) for place in places]).mean(axis=0)
    curve = [(float(used), float(accuracy)) for used, accuracy in curves]
    found = []
    for target in targets:
        runs = np.array([adaptive(crowd, place, target) for place in places])
        used, accuracy = (float(value) for value in runs.mean(axis=0))
        equal = needed(curve, accuracy)
        found.append(
            {
                "target": target,
                "judgments": round(used),
                "accuracy": round(accuracy, 4),
                "judgments_of_equal_overlap": None if equal is None else round(equal),
                "all_judgments": round(curve[-1][0]),
                "accuracy_of_all": round(curve[-1][1], 4),
                "saved": None if equal is None else round(1 - used / equal, 3),
                "saved_of_all": round(1 - used / curve[-1][0], 3),
            }
        )
        print(found[-1], flush=True)
    return {"equal_overlap": curve, "adaptive": found}


def picture(results: dict[str, Any]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(results), figsize=(4 * len(results), 3.4), layout="constrained")
    for panel, (name, result) in zip(panels, results.items(), strict=True):
        panel.plot(
            *zip(*result["equal_overlap"], strict=True), "o-", color="#888888", label="the same for all"
        )
        panel.plot(
            [one["judgments"] for one in result["adaptive"]],
            [one["accuracy"] for one in result["adaptive"]],
            "s-",
            color="#0f766e",
            label="adaptive",
        )
        panel.set_title(name, fontsize=10)
        panel.set_xlabel("judgments")
    panels[0].set_ylabel("accuracy")
    panels[0].legend(fontsize=8)
    figure.savefig(common.RESULTS / "overlap.png", dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--targets", type=float, nargs="+", default=[0.8, 0.9, 0.95, 0.98])
    parser.add_argument("--dry", action="store_true", help="print, but do not keep the result")
    options = parser.parse_args()
    path = crowds.folder()
    if path is None:
        print("The real crowds are not here: set QUERENT_DATA to their folder.")
        return
    results = {}
    for name in crowds.REAL:
        print(name)
        results[name] = replay(crowds.read(path, name), options.seeds, options.targets)
    if not options.dry:
        common.write("overlap", {"seeds": options.seeds, "least": LEAST, "most": MOST, "results": results})
        picture(results)


if __name__ == "__main__":
    main()
