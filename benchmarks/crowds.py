"""Crowds to judge label models by: real votes with known truth when present, smaller parts of them, simulated ones."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from labelmodel.estimators import Votes

REAL = ("bluebird", "rte", "web", "d_product")
BINS = 15
# A chance of nothing would make the log loss infinite.
LEAST_CHANCE = 1e-10


@dataclass(frozen=True, eq=False)
class Crowd:
    votes: Votes
    item: NDArray[np.int_]  # items whose label is known
    truth: NDArray[np.int_]  # their labels


@dataclass(frozen=True)
class Simulation:
    """How a simulated crowd votes; chances are shares of items or sources."""

    items: int = 500
    sources: int = 30
    labels: int = 3
    each: int = 5
    accuracy: tuple[float, float] = (0.5, 0.9)
    shares: tuple[float, ...] | None = None
    spammers: float = 0.0
    misleading: float = 0.0
    hard: float = 0.0
    ordinal: bool = False
    unequal: bool = False


SIMULATIONS = {
    "plain": Simulation(),
    "dependent voters": Simulation(misleading=0.25, accuracy=(0.6, 0.9)),
    "dependent voters, ten each": Simulation(misleading=0.25, accuracy=(0.6, 0.9), labels=2, each=10),
    "rare label": Simulation(labels=2, shares=(0.95, 0.05), accuracy=(0.6, 0.95)),
    "rare labels": Simulation(labels=4, shares=(0.85, 0.1, 0.03, 0.02), each=4),
    "half are spammers": Simulation(spammers=0.5),
    "many labels": Simulation(items=600, labels=25, each=4, accuracy=(0.4, 0.9)),
    "few votes per source": Simulation(items=400, sources=300, each=3),
    "few prolific sources": Simulation(sources=100, labels=4, unequal=True),
    "hard items": Simulation(labels=4, each=6, hard=0.3),
    "ordinal labels": Simulation(labels=5, ordinal=True),
    "two sources": Simulation(sources=2, each=2, accuracy=(0.6, 0.95)),
    "tiny": Simulation(items=40, sources=6, labels=2, each=3, accuracy=(0.6, 0.95)),
}


def folder() -> Path | None:
    """Where the real crowds are: QUERENT_DATA, or ../shared/data beside the project."""
    path = Path(os.environ.get("QUERENT_DATA", common.ROOT.parent / "shared" / "data")) / "crowd"
    return path if path.is_dir() else None


def read(path: Path, name: str) -> Crowd:
    votes, truth = (
        np.loadtxt(path / f"{name}{part}.csv", delimiter=",", skiprows=1, dtype=np.int64)
        for part in ("", "_truth")
    )
    n_items = int(max(votes[:, 0].max(), truth[:, 0].max())) + 1
    n_labels = int(max(votes[:, 2].max(), truth[:, 1].max())) + 1
    return Crowd(Votes(*votes.T, n_items, int(votes[:, 1].max()) + 1, n_labels), truth[:, 0], truth[:, 1])


def parts(real: dict[str, Crowd], seed: int) -> dict[str, Crowd]:
    """Smaller crowds drawn from the real ones: fewer items, fewer votes for each, fewer sources."""
    rng = np.random.default_rng(seed)
    return {
        **{f"bluebird, {n} sources": of_sources(real["bluebird"], n, rng) for n in (5, 10, 20)},
        **{f"rte, {n} votes each": of_each(real["rte"], n, rng) for n in (3, 5)},
        "rte, 100 items": of_items(real["rte"], 100, rng),
        "web, 3 votes each": of_each(real["web"], 3, rng),
        "web, 300 items": of_items(real["web"], 300, rng),
        "d_product, 2 votes each": of_each(real["d_product"], 2, rng),
        **{f"d_product, {n} items": of_items(real["d_product"], n, rng) for n in (300, 1000)},
    }


def of_items(crowd: Crowd, n: int, rng: np.random.Generator) -> Crowd:
    votes = crowd.votes
    return kept(crowd, np.isin(votes.item, rng.choice(votes.n_items, n, replace=False)))


def of_sources(crowd: Crowd, n: int, rng: np.random.Generator) -> Crowd:
    votes = crowd.votes
    return kept(crowd, np.isin(votes.source, rng.choice(votes.n_sources, n, replace=False)))


def of_each(crowd: Crowd, n: int, rng: np.random.Generator) -> Crowd:
    item = crowd.votes.item
    order = np.lexsort((rng.random(len(item)), item))
    first = np.searchsorted(item[order], item[order])
    chosen = np.zeros(len(item), dtype=bool)
    chosen[order[np.arange(len(item)) - first < n]] = True
    return kept(crowd, chosen)


def kept(crowd: Crowd, chosen: NDArray[np.bool_]) -> Crowd:
    """Only the chosen votes and their items, numbered afresh."""
    votes = crowd.votes
    items, item = np.unique(votes.item[chosen], return_inverse=True)
    known = np.isin(crowd.item, items)
    fewer = Votes(
        item, votes.source[chosen], votes.label[chosen], len(items), votes.n_sources, votes.n_labels
    )
    return Crowd(fewer, np.searchsorted(items, crowd.item[known]), crowd.truth[known])


def simulate(how: Simulation, seed: int) -> Crowd:
    rng = np.random.default_rng(seed)
    truth = rng.choice(how.labels, how.items, p=how.shares)
    item = np.repeat(np.arange(how.items), how.each)
    activity = 1.0 / np.arange(1, how.sources + 1) if how.unequal else np.ones(how.sources)
    source = np.concatenate(
        [
            rng.choice(how.sources, how.each, replace=False, p=activity / activity.sum())
            for _ in range(how.items)
        ]
    )
    votes = Votes(item, source, labels(how, truth, item, source, rng), how.items, how.sources, how.labels)
    return Crowd(votes, np.arange(how.items), truth)


def labels(
    how: Simulation,
    truth: NDArray[np.int_],
    item: NDArray[np.int_],
    source: NDArray[np.int_],
    rng: np.random.Generator,
) -> NDArray[np.int_]:
    """What the sources say: the truth, else a mistake; on misleading items mostly the same one; spammers anything."""
    hard = rng.random(how.items) < how.hard
    chance = np.where(hard[item], 1.0 / how.labels, rng.uniform(*how.accuracy, how.sources)[source])
    other = (truth + rng.integers(1, how.labels, how.items)) % how.labels
    mistake = (truth[item] + rng.integers(1, how.labels, len(item))) % how.labels
    if how.ordinal:
        mistake = np.clip(truth[item] + rng.choice([-1, 1], len(item)), 0, how.labels - 1)
    label = np.where(rng.random(len(item)) < chance, truth[item], mistake)
    misled = (rng.random(how.items) < how.misleading)[item] & (rng.random(len(item)) < 0.6)
    label = np.where(misled, other[item], label)
    constant = np.where(source % 2, rng.integers(how.labels, size=len(item)), source % how.labels)
    return np.where(source < how.spammers * how.sources, constant, label)


def marks(crowd: Crowd, posterior: NDArray[np.float64]) -> dict[str, float]:
    """Accuracy, log loss and expected calibration error (equal-width bins) over the items with known labels."""
    chances = posterior[crowd.item]
    confidence, right = chances.max(axis=1), chances.argmax(axis=1) == crowd.truth
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.abs(np.bincount(bins, confidence, BINS) - np.bincount(bins, right, BINS))
    true = np.maximum(chances[np.arange(len(chances)), crowd.truth], LEAST_CHANCE)
    return {
        "accuracy": round(float(right.mean()), 4),
        "log_loss": round(float(-np.log(true).mean()), 4),
        "calibration_error": round(float(gaps.sum() / len(chances)), 4),
    }


def majority_accuracy(crowd: Crowd) -> float:
    """Expected accuracy of the majority vote when ties are broken by chance."""
    votes = crowd.votes
    counts = np.bincount(votes.item * votes.n_labels + votes.label, minlength=votes.n_items * votes.n_labels)
    counts = counts.reshape(votes.n_items, votes.n_labels)[crowd.item]
    top = counts == counts.max(axis=1, keepdims=True)
    return float((top / top.sum(axis=1, keepdims=True))[np.arange(len(top)), crowd.truth].mean())
