"""What a label model for functions tells about them: coverage, overlaps and conflicts, which of them go together, and how
right they are on what people labeled. Arrays and counts only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from annotation.reports.intervals import wilson
from labelmodel.services.weak_calibration import brier, log_losses, reliability
from labelmodel.services.weak_labeled import Labeled
from labelmodel.services.weak_votes import Some

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
# Which functions go together is counted on so many items.
MOST_PAIRED = 200_000
# Pairs are told that share so many items at least and agree so much more often than two who are as right would, beyond
# chance by so many standard deviations; so many of them.
LEAST_SHARED, LEAST_Z, MOST_PAIRS = 20, 4.0, 50
# How sure to be, for the table of precisions.
THRESHOLDS = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99])
# Of fewer labeled items the table would tell nothing.
LEAST_JUDGED = 10
BINS = 20


@dataclass(frozen=True, eq=False)
class Counts:
    """Votes counted: of items, and of each source the votes by label (m, k), and those beside others (m,)."""

    items: int
    covered: int
    overlapping: int
    conflicting: int
    by_label: Ids
    beside: Ids
    against: Ids

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.items + other.items, self.covered + other.covered, self.overlapping + other.overlapping,
            self.conflicting + other.conflicting, self.by_label + other.by_label, self.beside + other.beside,
            self.against + other.against,
        )  # fmt: skip


def nothing(n_sources: int, n_labels: int) -> Counts:
    none = np.zeros(n_sources, dtype=np.int64)
    return Counts(0, 0, 0, 0, np.zeros((n_sources, n_labels), dtype=np.int64), none, none)


def counted(some: Some, n_sources: int, n_labels: int, *, is_set: bool) -> Counts:
    """Votes for different labels of a set are no conflict."""
    votes = np.bincount(some.item, minlength=len(some))
    low = np.full(len(some), n_labels, dtype=np.int16)
    high = np.full(len(some), -1, dtype=np.int16)
    np.minimum.at(low, some.item, some.label)
    np.maximum.at(high, some.item, some.label)
    conflict = np.zeros(len(some), dtype=bool) if is_set else (votes > 1) & (low < high)
    cells = np.bincount(some.source.astype(np.int64) * n_labels + some.label, minlength=n_sources * n_labels)

    def of_source(which: npt.NDArray[np.bool_]) -> Ids:
        return np.bincount(some.source[which[some.item]], minlength=n_sources)

    return Counts(
        len(some), int((votes > 0).sum()), int((votes > 1).sum()), int(conflict.sum()),
        cells.reshape(n_sources, n_labels), of_source(votes > 1), of_source(conflict),
    )  # fmt: skip


def pairs(some: Some, n_sources: int, n_labels: int, accuracy: Floats) -> list[dict[str, Any]]:
    """Sources that go together: {a, b, shared, agree, expected, z}, by number, most surprising first.

    Two sources that are right so often, and err independently, agree on a part of what both vote on that follows from their
    accuracies. Those that agree far more often share their mistakes: copies, or the same words.
    """
    if len(some) > MOST_PAIRED:
        some = some.at(np.linspace(0, len(some) - 1, MOST_PAIRED).astype(np.int64))
    both, same = _shared(some, n_sources, n_labels)
    wrong = (1.0 - accuracy) / max(n_labels - 1, 1)
    expected = np.outer(accuracy, accuracy) + max(n_labels - 1, 1) * np.outer(wrong, wrong)
    expected = np.clip(expected, 0.01, 0.99)
    found = []
    for a, b in zip(*np.nonzero(np.triu(both, 1) >= LEAST_SHARED), strict=True):
        n, agree = float(both[a, b]), float(same[a, b]) / float(both[a, b])
        z = (agree - expected[a, b]) / float(np.sqrt(expected[a, b] * (1 - expected[a, b]) / n))
        # Nearly all of what one of them votes on, and the same: that is a copy, however right both are.
        copied = agree >= 0.98 and n >= 0.8 * float(max(both[a, a], both[b, b]))
        if z >= LEAST_Z or copied:
            found.append(
                {
                    "a": int(a), "b": int(b), "shared": int(n), "agree": round(agree, 4),
                    "expected": round(float(expected[a, b]), 4), "z": round(z, 1), "copied": bool(copied),
                }
            )  # fmt: skip
    return sorted(found, key=lambda one: (-one["copied"], -one["z"]))[:MOST_PAIRS]


def _shared(some: Some, n_sources: int, n_labels: int) -> tuple[Ids, Ids]:
    """On how many items each two sources vote, and vote alike, (m, m)."""
    both = np.zeros((n_sources, n_sources), dtype=np.int64)
    same = np.zeros_like(both)
    shape = (len(some), n_sources)
    ones = np.ones(len(some.item), dtype=np.int32)
    voted = csr_array((ones, (some.item, some.source)), shape=shape)
    both += np.asarray((voted.T @ voted).todense(), dtype=np.int64)
    for label in range(n_labels):
        mine = some.label == label
        alike = csr_array((ones[mine], (some.item[mine], some.source[mine])), shape=shape)
        same += np.asarray((alike.T @ alike).todense(), dtype=np.int64)
    return both, same


def on_labeled(some: Some, labeled: Labeled, n_sources: int) -> list[dict[str, Any]]:
    """Of each source what it says of labeled items: {votes, right, precision, low, high, recall, recall_low, recall_high}.

    Recall: of the items whose right label it ever votes for, those where it says so. `some` has the labeled items only, in
    the order of their ids.
    """
    order = np.argsort(labeled.items)
    right_of = labeled.right[order]
    right = right_of[some.item, some.label]
    votes = np.bincount(some.source, minlength=n_sources)
    hits = np.bincount(some.source[right], minlength=n_sources)
    found = []
    for source in range(n_sources):
        labels = np.unique(some.label[some.source == source])
        wanted = int(right_of[:, labels].sum())
        found.append(
            {"votes": int(votes[source]), "right": int(hits[source])}
            | _precision(votes[source], hits[source], wanted)
        )
    return found


def _precision(votes: int, hits: int, wanted: int) -> dict[str, Any]:
    low, high = wilson(int(hits), int(votes))
    recall_low, recall_high = wilson(int(hits), wanted)
    return {
        "precision": round(int(hits) / int(votes), 4) if votes else None,
        "low": round(low, 4),
        "high": round(high, 4),
        "wanted": wanted,
        "recall": round(int(hits) / wanted, 4) if wanted else None,
        "recall_low": round(recall_low, 4),
        "recall_high": round(recall_high, 4),
    }


def judged(before: Floats, after: Floats, labels: Ids, covered: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """How good probable labels are on labeled items that were left out: {n, covered, accuracy, ..., reliability}.

    `before` and `after` calibration, (n, k); on all of the items, those without votes included, and on the covered ones.
    """
    if not len(labels):
        return {"n": 0, "covered": 0}
    right = after.argmax(axis=1) == labels
    low, high = wilson(int(right.sum()), len(right))
    some = covered if covered.any() else np.ones(len(labels), dtype=bool)
    return {
        "n": len(labels),
        "covered": int(covered.sum()),
        "accuracy": _round(right.mean()),
        "low": _round(low),
        "high": _round(high),
        "accuracy_covered": _round(right[some].mean()),
        "brier": _round(brier(after, labels)),
        "brier_uncalibrated": _round(brier(before, labels)),
        "log_loss": _round(log_losses(after, labels).mean()),
        "log_loss_uncalibrated": _round(log_losses(before, labels).mean()),
        "reliability": reliability(after[some], labels[some]),
        "reliability_uncalibrated": reliability(before[some], labels[some]),
    }


def precisions(after: Floats, labels: Ids, covered: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    """How often labels would be right that are taken for certain from so sure on: {threshold, n, precision, low, high}."""
    said, right = after.max(axis=1), after.argmax(axis=1) == labels
    found = []
    for threshold in THRESHOLDS:
        taken = covered & (said >= threshold)
        n, hits = int(taken.sum()), int(right[taken].sum())
        if n < LEAST_JUDGED:
            break
        low, high = wilson(hits, n)
        found.append(
            {
                "threshold": float(threshold),
                "n": n,
                "precision": _round(hits / n),
                "low": _round(low),
                "high": _round(high),
            }
        )
    return found


def taken(posterior: Floats) -> Ids:
    """How many items are at least as sure as each of THRESHOLDS."""
    sure = np.sort(posterior.max(axis=1)) if len(posterior) else np.zeros(0)
    return np.asarray(len(sure) - np.searchsorted(sure, THRESHOLDS), dtype=np.int64)


def histogram(posterior: Floats) -> Ids:
    """How many items are how sure, in equal bins over [0, 1], (20,)."""
    sure = posterior.max(axis=1) if len(posterior) else np.zeros(0)
    return np.bincount(np.minimum((sure * BINS).astype(int), BINS - 1), minlength=BINS)


def _round(value: float) -> float:
    return round(float(value), 4)
