"""Labeled items to replay active learning on: texts with embeddings when present, digits always, and harder parts of them."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from active.encoders import ENCODERS
from active.replay import Examples, held_out
from benchmarks import common

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class LabeledSet:
    """How a set is read, and how many labels a batch has."""

    load: Callable[[Path], Examples]
    batch: int = 50


def folder() -> Path | None:
    """Where text/ and weak/ are, or None."""
    path = Path(os.environ.get("QUERENT_DATA", common.ROOT.parent / "shared" / "data"))
    return path if (path / "text").is_dir() else None


def numbered(*lists: list[str]) -> list[Ints]:
    names = {name: place for place, name in enumerate(sorted({name for each in lists for name in each}))}
    return [np.array([names[name] for name in each]) for each in lists]


def texts(data: Path, name: str, part: str) -> tuple[list[str], list[str]]:
    with (data / "text" / f"{name}_{part}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def with_embeddings(data: Path, name: str) -> Examples:
    labels, test_labels = numbered(*(texts(data, name, part)[1] for part in ("train", "test")))
    train, test = (
        np.load(data / "text" / f"{name}_{part}_minilm_f16.npy").astype(np.float32)
        for part in ("train", "test")
    )
    return Examples(train, labels, test, test_labels)


def encoded(train: list[str], labels: Ints, test: list[str], test_labels: Ints) -> Examples:
    """By the built-in text encoder, fitted on the texts to ask about."""
    payloads = [[{"text": text} for text in some] for some in (train, test)]
    encoder = ENCODERS["text"](payloads[0], ["text"])
    return Examples(encoder.encode(payloads[0]), labels, encoder.encode(payloads[1]), test_labels)


def with_tfidf(data: Path, name: str) -> Examples:
    (train, given), (test, wanted) = (texts(data, name, part) for part in ("train", "test"))
    labels, test_labels = numbered(given, wanted)
    return encoded(train, labels, test, test_labels)


def questions(data: Path) -> Examples:
    """The TREC questions as they come with labeling functions, another part of them than trec6."""
    parts: list[Any] = []
    for part in ("train", "test"):
        parts.append(json.loads((data / "weak" / "trec" / f"{part}_text.json").read_text()))
        parts.append(np.load(data / "weak" / "trec" / f"{part}.npz")["y"].astype(np.int64))
    return encoded(*parts)


def long_tail(data: Path, name: str, rarest: float) -> Examples:
    """Labels of falling share, the last with `rarest` of its items; tested on all labels alike."""
    whole, rng = with_embeddings(data, name), np.random.default_rng(0)
    kept = []
    for place, label in enumerate(order := rng.permutation(whole.n_labels)):
        rows = rng.permutation(np.flatnonzero(whole.labels == label))
        kept.append(rows[: max(3, int(len(rows) * rarest ** (place / (len(order) - 1))))])
    rows = np.sort(np.concatenate(kept))
    return Examples(whole.features[rows], whole.labels[rows], whole.test_features, whole.test_labels)


def digits(data: Path) -> Examples:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    held = held_out(labels, 1 / 3, seed=0)
    scaled = (pixels / 16.0).astype(np.float32)
    return Examples(scaled[~held], labels[~held], scaled[held], labels[held])


SETS = {
    "banking77": LabeledSet(lambda data: with_embeddings(data, "banking77"), batch=100),
    "trec6": LabeledSet(lambda data: with_embeddings(data, "trec6")),
    "ag_news": LabeledSet(lambda data: with_embeddings(data, "ag_news")),
    "digits": LabeledSet(digits),
}
# Other encodings and shares of labels, to see that a setting fits more than those four.
OTHERS = {
    "banking77, long tail": LabeledSet(lambda data: long_tail(data, "banking77", 0.05), batch=100),
    "ag_news, long tail": LabeledSet(lambda data: long_tail(data, "ag_news", 0.03)),
    "ag_news, TF-IDF": LabeledSet(lambda data: with_tfidf(data, "ag_news")),
    "trec, TF-IDF": LabeledSet(questions),
}
