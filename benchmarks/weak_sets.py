"""Simulated votes of labeling functions, of many kinds: what a label model must be good at without being tuned to any.

Items belong to subtopics of their label and are more or less wordy; a function fires on words that come with subtopics.
So functions overlap as real ones do: more on wordy items, and where they look for the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
SUBTOPICS = 4  # of each label


@dataclass(frozen=True, eq=False)
class WeakSet:
    """Votes (items, functions), -1 where a function abstains; a model learns from train and is marked on test."""

    train: Ints
    train_truth: Ints
    test: Ints
    test_truth: Ints
    n_labels: int


@dataclass(frozen=True)
class Kind:
    """How a simulated set comes about; ranges are of the functions."""

    items: int = 2000
    labels: int = 2
    shares: tuple[float, ...] | None = None
    functions: int = 12
    coverage: tuple[float, float] = (0.02, 0.3)
    accuracy: tuple[float, float] = (0.6, 0.95)
    one_label: float = 1.0  # share of functions that vote for one label only
    toward: tuple[float, ...] | None = None  # chances of that label
    topical: float = 1.4
    wordy: float = 0.5
    bad: int = 0  # functions that are worse than chance
    groups: int = 0  # sets of functions that share most of their words
    near_copies: int = 0  # of the worst function
    copies: int = 0
    everything: int = 0  # functions that vote on every item
    nothing: int = 0
    single: int = 0  # functions that vote on one item
    misleading: float = 0.0  # share of items on which mistakes coincide


KINDS = {
    "plain": Kind(),
    "4 labels": Kind(labels=4, functions=20, coverage=(0.02, 0.15)),
    "10 labels": Kind(labels=10, functions=40, coverage=(0.005, 0.06), items=3000),
    "10 labels, weak": Kind(labels=10, functions=26, coverage=(0.01, 0.12), accuracy=(0.25, 0.7), items=3000),
    "all labels": Kind(one_label=0, functions=8, coverage=(0.2, 0.9)),
    "all labels, every item": Kind(one_label=0, functions=7, coverage=(0.98, 1.0), accuracy=(0.55, 0.85)),
    "all 4 labels": Kind(one_label=0, labels=4, functions=9, coverage=(0.1, 0.6)),
    "all 10 labels, weak": Kind(
        labels=10, one_label=0, functions=6, coverage=(0.2, 0.7), accuracy=(0.4, 0.8)
    ),
    "one label or all": Kind(one_label=0.6, functions=10, coverage=(0.05, 0.6)),
    "rare label": Kind(shares=(0.9, 0.1), functions=15),
    "rare label, weak": Kind(shares=(0.92, 0.08), functions=9, accuracy=(0.35, 0.8), coverage=(0.01, 0.15)),
    "rare label, many functions": Kind(shares=(0.75, 0.25), functions=60, coverage=(0.005, 0.1)),
    "rare label has most": Kind(
        shares=(0.87, 0.13), functions=50, coverage=(0.002, 0.03), toward=(0.3, 0.7), accuracy=(0.8, 0.99)
    ),
    "rare label has most, weak": Kind(
        shares=(0.92, 0.08), functions=9, coverage=(0.01, 0.1), toward=(0.4, 0.6), accuracy=(0.35, 0.8)
    ),
    "6 unequal labels": Kind(
        labels=6,
        shares=(0.28, 0.2, 0.2, 0.2, 0.1, 0.02),
        functions=60,
        coverage=(0.003, 0.08),
        accuracy=(0.4, 0.95),
    ),
    "sparse": Kind(functions=60, coverage=(0.002, 0.02), accuracy=(0.7, 0.98)),
    "sparse, 8 labels": Kind(
        labels=8, functions=150, coverage=(0.0005, 0.01), accuracy=(0.6, 0.99), items=3000
    ),
    "near copies": Kind(near_copies=6, accuracy=(0.55, 0.9)),
    "a hundred copies": Kind(copies=100, accuracy=(0.6, 0.9)),
    "groups": Kind(groups=3, functions=15, accuracy=(0.5, 0.9)),
    "groups, 4 labels": Kind(groups=4, functions=24, labels=4, coverage=(0.02, 0.15), accuracy=(0.45, 0.9)),
    "poor": Kind(accuracy=(0.4, 0.65), functions=20),
    "some bad": Kind(bad=3),
    "some bad, 4 labels": Kind(bad=4, labels=4, functions=20, coverage=(0.02, 0.15)),
    "odd ones": Kind(everything=1, nothing=1, single=2),
    "odd ones, all labels": Kind(everything=1, single=2, one_label=0, functions=6, coverage=(0.2, 0.8)),
    "few functions": Kind(functions=4, coverage=(0.1, 0.4)),
    "few items": Kind(items=150),
    "a label without": Kind(labels=3, toward=(0.5, 0.5, 0.0), functions=10),
    "one label only": Kind(toward=(1.0, 0.0), functions=8, coverage=(0.05, 0.3)),
    "very wordy": Kind(functions=14, topical=1.8, coverage=(0.01, 0.4), wordy=1.0),
    "misleading items": Kind(one_label=0, functions=8, coverage=(0.3, 0.9), misleading=0.2),
    "accurate": Kind(accuracy=(0.9, 0.99), functions=8),
}

# Of the size, balance, number, coverage and accuracy of functions that WRENCH (Zhang et al. 2021) tells of its sets.
PUBLISHED = {
    "sms": Kind(
        items=4571,
        shares=(0.87, 0.13),
        functions=73,
        coverage=(0.002, 0.02),
        accuracy=(0.85, 0.99),
        toward=(0.3, 0.7),
    ),
    "spouse": Kind(
        items=20_000,
        shares=(0.92, 0.08),
        functions=9,
        coverage=(0.01, 0.1),
        accuracy=(0.35, 0.85),
        toward=(0.45, 0.55),
    ),
    "census": Kind(
        items=10_000, shares=(0.76, 0.24), functions=83, coverage=(0.01, 0.15), accuracy=(0.6, 0.95)
    ),
    "cdr": Kind(items=8430, shares=(0.7, 0.3), functions=33, coverage=(0.01, 0.15), accuracy=(0.5, 0.85)),
    "chemprot": Kind(items=12_861, labels=10, functions=26, coverage=(0.01, 0.15), accuracy=(0.2, 0.7)),
    "semeval": Kind(items=1749, labels=9, functions=164, coverage=(0.001, 0.02), accuracy=(0.85, 0.99)),
    "imdb": Kind(items=20_000, functions=5, one_label=0.5, coverage=(0.1, 0.6), accuracy=(0.6, 0.8)),
    "yelp": Kind(items=20_000, functions=8, one_label=0.5, coverage=(0.08, 0.5), accuracy=(0.6, 0.85)),
    "agnews": Kind(items=20_000, labels=4, functions=9, coverage=(0.03, 0.2), accuracy=(0.7, 0.9)),
    "trec": Kind(
        items=5033,
        labels=6,
        shares=(0.23, 0.22, 0.22, 0.17, 0.14, 0.02),
        functions=68,
        coverage=(0.003, 0.08),
        accuracy=(0.4, 0.95),
    ),
    "youtube": Kind(items=1686, functions=10, coverage=(0.03, 0.4), accuracy=(0.7, 0.95)),
    "tennis": Kind(
        items=6959,
        shares=(0.35, 0.65),
        functions=6,
        one_label=0,
        coverage=(0.5, 0.8),
        accuracy=(0.8, 0.95),
    ),
    "commercial": Kind(items=20_000, functions=4, one_label=0, coverage=(0.4, 0.8), accuracy=(0.8, 0.95)),
}


@dataclass(frozen=True, eq=False)
class World:
    """Items before anybody votes."""

    kind: Kind
    rng: np.random.Generator
    shares: Floats
    truth: Ints
    subtopic: Ints
    wordiness: Floats
    misled: NDArray[np.bool_]
    other: Ints  # the label of each item's likeliest mistake

    @property
    def size(self) -> int:
        return len(self.truth)


def simulate(kind: Kind, seed: int) -> WeakSet:
    world = world_of(kind, np.random.default_rng([seed, 7]))
    own = [function(world, number) for number in range(kind.functions)]
    votes = np.stack([*own, *relatives(world, own), *odd_ones(world)], axis=1)
    return WeakSet(votes, world.truth, votes, world.truth, kind.labels)


def world_of(kind: Kind, rng: np.random.Generator) -> World:
    shares = np.array(kind.shares) if kind.shares else rng.dirichlet(np.full(kind.labels, 8.0))
    truth = rng.choice(kind.labels, kind.items, p=shares)
    return World(
        kind,
        rng,
        shares,
        truth,
        truth * SUBTOPICS + rng.integers(SUBTOPICS, size=kind.items),
        np.exp(kind.wordy * rng.normal(size=kind.items)),
        rng.random(kind.items) < kind.misleading,
        (truth + rng.integers(1, kind.labels, kind.items)) % kind.labels,
    )


def function(world: World, number: int) -> Ints:
    kind, rng = world.kind, world.rng
    accuracy = 0.8 / kind.labels if number < kind.bad else rng.uniform(*kind.accuracy)
    coverage = float(np.exp(rng.uniform(*np.log(kind.coverage))))
    if rng.random() >= kind.one_label:
        return of_all_labels(world, accuracy, coverage)
    label = int(rng.choice(kind.labels, p=kind.toward)) if kind.toward else number % kind.labels
    return of_one_label(world, label, accuracy, coverage)


def of_one_label(world: World, label: int, accuracy: float, coverage: float) -> Ints:
    """A function that votes for the label where one of its words occurs; what it can cover is bounded by the label."""
    rng = world.rng
    coverage = min(coverage, 0.8 * float(world.shares[label]) / max(accuracy, 0.3))
    often = np.exp(world.kind.topical * rng.normal(size=world.kind.labels * SUBTOPICS))
    words = often[world.subtopic] * world.wordiness
    expected = np.zeros(world.size)
    for inside, share in ((world.truth == label, accuracy), (world.truth != label, 1.0 - accuracy)):
        if inside.any():
            expected[inside] = words[inside] / words[inside].sum() * share * coverage * world.size
    return np.where(rng.random(world.size) < 1.0 - np.exp(-expected), label, -1)


def of_all_labels(world: World, accuracy: float, coverage: float) -> Ints:
    """A function that votes for any label, where it is sure enough."""
    rng, size = world.rng, world.size
    wrong = (world.truth + rng.integers(1, world.kind.labels, size)) % world.kind.labels
    wrong = np.where(world.misled & (rng.random(size) < 0.7), world.other, wrong)
    right = rng.random(size) < np.where(world.misled, 0.3, accuracy)
    sureness = world.wordiness * np.exp(0.5 * rng.normal(size=size))
    return np.where(
        sureness >= np.quantile(sureness, 1.0 - min(coverage, 1.0)), np.where(right, world.truth, wrong), -1
    )


def relatives(world: World, own: list[Ints]) -> list[Ints]:
    """Functions that say again what others say."""
    kind, rng = world.kind, world.rng
    worst = own[int(np.argmin([right_share(world, votes) for votes in own]))]
    near = [np.where(rng.random(world.size) < 0.92, worst, -1) for _ in range(kind.near_copies)]
    shared = [
        np.where(rng.random(world.size) < 0.6, own[group], -1)
        for group in range(kind.groups)
        for _ in range(4)
    ]
    return near + shared + [worst] * kind.copies


def right_share(world: World, votes: Ints) -> float:
    voted = votes >= 0
    return float((votes[voted] == world.truth[voted]).mean()) if voted.any() else 1.0


def odd_ones(world: World) -> list[Ints]:
    kind, rng = world.kind, world.rng
    votes: list[Any] = [np.full(world.size, rng.integers(kind.labels)) for _ in range(kind.everything)]
    votes += [np.full(world.size, -1) for _ in range(kind.nothing + kind.single)]
    for some in votes[kind.everything + kind.nothing :]:
        some[rng.integers(world.size)] = rng.integers(kind.labels)
    return votes
