"""Fit a label model to the votes of functions, in bounded memory, and judge items by it, block by block."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labelmodel.estimators import (
    ESTIMATORS,
    Fit,
    Parameters,
    SourceAccuracy,
    Votes,
    from_bytes,
    source_accuracy,
    to_bytes,
    update,
)
from labelmodel.services.weak_calibration import Calibration
from labelmodel.services.weak_labeled import Labeled
from labelmodel.services.weak_votes import ABSENT, PRESENT, Some, Sources

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
# A fit takes so many items, spread evenly, and so many numbers in one array over items and labels: what is learned is about
# sources, of whom such a part tells as much. Every item is judged by it afterwards.
MOST_ITEMS, MOST_CELLS = 2_000_000, 10_000_000
TINY = 1e-9
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, eq=False)
class Learned:
    """What a fit learned of the sources: one set of parameters, or for sets one for each label. `accuracy`, `low`, `high` and
    `judgments` are (n_sources,): how often each source's votes are right, and on how many votes that rests."""

    parameters: tuple[Parameters, ...]
    is_set: bool
    n_labels: int
    accuracy: Floats
    low: Floats
    high: Floats
    judgments: Floats
    converged: bool

    def posterior(self, some: Some, n_sources: int) -> Floats:
        """What the votes alone say of these items, (n, k): a distribution, or of a set each label's chance by itself."""
        return posterior(self.parameters, some, n_sources, self.n_labels, is_set=self.is_set)


def posterior(
    parameters: tuple[Parameters, ...], some: Some, n_sources: int, n_labels: int, *, is_set: bool
) -> Floats:
    """As Learned.posterior, from parameters as they are stored."""
    if not is_set:
        return update(parameters[0], some.votes(n_sources, n_labels))
    columns = [
        update(one, some.votes_for(label, n_sources))[:, PRESENT] for label, one in enumerate(parameters)
    ]
    return np.stack(columns, axis=1)


def without_votes(parameters: tuple[Parameters, ...], *, is_set: bool) -> list[float]:
    """What is said of items that nothing votes on, (k,)."""
    shares = [one.without_votes[PRESENT] for one in parameters] if is_set else parameters[0].without_votes
    return [round(float(share), 4) for share in shares]


def thinned(some: Some, total: int, labeled: Labeled, n_labels: int) -> Some:
    """As many of these items as a fit to `total` of them takes, evenly, and all labeled ones."""
    step = total / min(MOST_ITEMS, MOST_CELLS // max(n_labels, 1))
    if step <= 1.0:
        return some
    kept = np.isin(some.items, labeled.items)
    kept[np.arange(0, len(some), step).astype(np.int64)] = True
    return some.at(np.flatnonzero(kept))


def fit(
    some: Some, sources: Sources, method: str, *, labeled: Labeled, prior: Floats | None, seed: int = 0
) -> Learned:
    """Fit to these votes, with what people labeled as evidence; prior is the class balance, (k,), None to estimate it.

    Raises ValueError where the method cannot be fitted to these votes, MemoryError.
    """
    n, learned, converged = sources.count, [], True
    quality: list[tuple[Floats, SourceAccuracy]] = []
    for votes, one in _fits(some, sources, method, labeled, prior, seed):
        learned.append(one.parameters)
        converged = converged and bool(one.converged)
        found = source_accuracy(votes, one)
        quality.append((_weights(votes, found.judgments), found))
    total = np.maximum(sum(weights for weights, _ in quality), TINY)

    def pooled(name: str) -> Floats:
        return np.asarray(sum(weights * getattr(one, name) for weights, one in quality) / total)

    return Learned(
        tuple(learned), sources.is_set, len(sources.labels),
        pooled("accuracy"), pooled("low"), pooled("high"),
        np.asarray(sum((one.judgments for _, one in quality), np.zeros(n))), converged,
    )  # fmt: skip


def _weights(votes: Votes, judgments: Floats) -> Floats:
    """How much a fit counts for how good each source is: of sets, the fits of the labels that it votes for."""
    voted = np.bincount(votes.source, minlength=votes.n_sources) > 0
    return np.where(voted, np.maximum(judgments, 1e-6), TINY)


def _fits(
    some: Some, sources: Sources, method: str, labeled: Labeled, prior: Floats | None, seed: int
) -> Iterator[tuple[Votes, Fit]]:
    """The fits that a question takes, one after the other."""
    rows, known = _known(some, labeled)
    n, k = sources.count, len(sources.labels)
    estimate = ESTIMATORS[method]
    if not sources.is_set:
        votes = some.votes(n, k)
        gold = (rows, known.argmax(axis=1)) if len(rows) else None
        yield votes, estimate(votes, prior=prior, gold=gold, seed=seed)
        return
    for label in range(k):
        votes = some.votes_for(label, n)
        gold = (rows, np.where(known[:, label], PRESENT, ABSENT)) if len(rows) else None
        balance = None if prior is None else np.array([1.0 - prior[label], prior[label]])
        yield votes, estimate(votes, prior=balance, gold=gold, seed=seed)


def _known(some: Some, labeled: Labeled) -> tuple[Ids, npt.NDArray[np.bool_]]:
    """Positions of the labeled items among these, and what is right of them."""
    there = np.isin(labeled.items, some.items)
    return np.searchsorted(some.items, labeled.items[there]), labeled.right[there]


def calibrated(
    probabilities: Floats, covered: npt.NDArray[np.bool_], calibration: Calibration, *, is_set: bool
) -> Floats:
    """(n, k): what the votes say, made to mean what it says; items without votes stay as they are."""
    made = probabilities.copy()
    if not is_set:
        made[covered] = calibration.apply(probabilities[covered])
        return made
    told = probabilities[covered]
    made[covered] = calibration.apply(claims(told, is_set=True))[:, PRESENT].reshape(told.shape)
    return made


def claims(probabilities: Floats, *, is_set: bool) -> Floats:
    """What is claimed, a distribution each: of items which label is right, of a set's labels whether each is there."""
    if not is_set:
        return probabilities
    return np.stack([1.0 - probabilities.ravel(), probabilities.ravel()], axis=1)


def pack(parameters: tuple[Parameters, ...]) -> bytes:
    """Parameters as bytes: each behind its length."""
    parts = [to_bytes(one) for one in parameters]
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def unpack(stored: bytes) -> tuple[Parameters, ...]:
    """What pack made."""
    found, at = [], 0
    while at < len(stored):
        (length,) = _LENGTH.unpack_from(stored, at)
        at += _LENGTH.size
        found.append(from_bytes(stored[at : at + length]))
        at += length
    return tuple(found)
