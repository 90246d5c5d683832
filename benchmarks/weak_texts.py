"""Votes of keyword functions on real texts: a program picks the words from a few labeled texts, as people would."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.weak_sets import Ints, WeakSet

MOST_TRAIN, MOST_TEST = 4000, 2000
# A word that fewer or more texts have is of no use.
LEAST_SHARE, MOST_SHARE = 0.002, 0.3


@dataclass(frozen=True)
class TextKind:
    """Which texts, and how the functions come about."""

    name: str
    labels: tuple[int, ...] | None = None  # only these
    rest: bool = False  # the others are one label more, instead of being left out
    handful: int = 20  # labeled texts per label that are looked at
    functions: int = 6  # per label
    words: int = 2  # per function
    seed: int = 0


TEXTS = {
    f"{name}, {seed}": kind
    for seed in (0, 1)
    for name, kind in {
        "ag_news": TextKind("ag_news", seed=seed),
        "ag_news sport": TextKind("ag_news", (1,), rest=True, handful=30, functions=8, seed=seed),
        "ag_news two": TextKind("ag_news", ((0, 2), (2, 3))[seed], seed=seed),
        "trec6": TextKind("trec6", handful=30, functions=8, words=1, seed=seed),
        "trec6 one": TextKind("trec6", (3 + seed,), rest=True, handful=30, functions=8, seed=seed),
        "banking77 ten": TextKind(
            "banking77", tuple(range(20 * seed, 20 * seed + 10)), handful=8, functions=4, seed=seed
        ),
        "banking77 five": TextKind(
            "banking77", tuple(range(30 + 20 * seed, 35 + 20 * seed)), True, 10, 5, seed=seed
        ),
    }.items()
} | {"banking77": TextKind("banking77", handful=6, functions=2)}


def read(folder: Path, kind: TextKind) -> WeakSet:
    rng = np.random.default_rng(kind.seed)
    (train, train_truth), (test, test_truth) = (
        chosen(folder, kind, split, rng, most) for split, most in (("train", MOST_TRAIN), ("test", MOST_TEST))
    )
    functions = written(train, train_truth, kind, rng)
    return WeakSet(
        applied(functions, train),
        train_truth,
        applied(functions, test),
        test_truth,
        int(train_truth.max()) + 1,
    )


@cache
def texts(folder: Path, name: str, split: str) -> tuple[list[frozenset[str]], list[str]]:
    """Words and pairs of neighbouring words of each text, and its label."""
    with (folder / f"{name}_{split}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [words(row["text"]) for row in rows], [row["label"] for row in rows]


def words(text: str) -> frozenset[str]:
    found = re.findall(r"[a-z']+|\?", text.lower())
    return frozenset(found) | {f"{one} {other}" for one, other in pairwise(found)}


def chosen(
    folder: Path, kind: TextKind, split: str, rng: np.random.Generator, most: int
) -> tuple[list[frozenset[str]], Ints]:
    documents, labels = texts(folder, kind.name, split)
    names = sorted(set(texts(folder, kind.name, "train")[1]))
    numbers = np.array([names.index(label) for label in labels])
    kept = np.arange(len(numbers))
    if kind.labels is not None:
        place = np.full(len(names), len(kind.labels) if kind.rest else -1)
        place[list(kind.labels)] = np.arange(len(kind.labels))
        numbers = place[numbers]
        kept = np.flatnonzero(numbers >= 0)
    kept = rng.permutation(kept)[:most]
    return [documents[number] for number in kept], numbers[kept]


def written(
    documents: list[frozenset[str]], truth: Ints, kind: TextKind, rng: np.random.Generator
) -> list[tuple[int, frozenset[str]]]:
    """Functions (label, words): those of a label's handful that are frequent there and rare in the other handfuls."""
    usual = Counter(word for document in documents for word in document)
    handfuls = [
        rng.permutation(np.flatnonzero(truth == label))[: kind.handful] for label in range(truth.max() + 1)
    ]
    counts = [Counter(word for number in handful for word in documents[number]) for handful in handfuls]
    everywhere = sum(counts, Counter[str]())
    total = sum(map(len, handfuls))
    functions = []
    for label, (count, handful) in enumerate(zip(counts, handfuls, strict=True)):
        ranked = []
        for word, times in sorted(count.items()):
            if LEAST_SHARE <= usual[word] / len(documents) <= MOST_SHARE:
                here = (times + 0.3) / (len(handful) + 1)
                elsewhere = (everywhere[word] - times + 0.3) / (total - len(handful) + 1)
                ranked.append((float(np.log(here / elsewhere) * np.sqrt(times) + 0.05 * rng.normal()), word))
        best = [word for _, word in sorted(ranked, reverse=True)[: kind.functions * kind.words]]
        rng.shuffle(best)
        functions += [(label, frozenset(best[i : i + kind.words])) for i in range(0, len(best), kind.words)]
    return functions


def applied(functions: list[tuple[int, frozenset[str]]], documents: list[frozenset[str]]) -> Ints:
    return np.array(
        [[label if some & document else -1 for label, some in functions] for document in documents]
    ).reshape(len(documents), len(functions))
