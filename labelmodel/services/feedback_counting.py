"""Figures of votes: arrays in, numbers out. Where arrays differ in length, what both looked at counts: items come in an even order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from labelmodel.services.feedback import Hit, Neighbour, Share
from labelmodel.services.feedback_casts import Ground, Votings

Bools = NDArray[np.bool_]
Votes = NDArray[np.int16]


def share(held: Bools) -> float:
    """Of the items for which it holds."""
    return float(held.mean()) if len(held) else 0.0


def judged(on: Ground, votes: Votes) -> tuple[Bools, Bools]:
    """On which labeled items it votes, and on which of them rightly."""
    right = on.labeled.right[: len(votes)]
    voted = votes >= 0
    if on.exclusive:
        # What people said may be no label of this version of the questions: nobody knows what is right of those.
        voted &= right.any(axis=1)
    rows = np.flatnonzero(voted)
    hit = np.zeros(len(votes), dtype=bool)
    hit[rows] = right[rows, votes[rows]]
    return voted, hit


def hits(on: Ground, sample: Votes, labeled: Votes) -> tuple[Hit, ...]:
    """Of each label that it votes for, in the order of the question."""
    voted, right = judged(on, labeled)
    size = len(on.labels)
    counts = np.bincount(sample[sample >= 0], minlength=size)
    given = np.bincount(labeled[voted], minlength=size)
    good = np.bincount(labeled[right], minlength=size)
    return tuple(
        Hit(label, int(counts[place]), Share(int(good[place]), int(given[place])))
        for place, label in enumerate(on.labels)
        if counts[place] or given[place]
    )


def accuracy(on: Ground, labeled: Votes) -> Share:
    voted, right = judged(on, labeled)
    return Share(int(right.sum()), int(voted.sum()))


def overlap(one: Votes, other: Votes) -> Bools:
    """Where both vote."""
    size = min(len(one), len(other))
    return (one[:size] >= 0) & (other[:size] >= 0)


def conflict(on: Ground, one: Votes, other: Votes) -> Bools:
    """Where both vote, and cannot both be right. Labels of a set do not exclude each other."""
    size = min(len(one), len(other))
    if not on.exclusive:
        return np.zeros(size, dtype=bool)
    different: Bools = one[:size] != other[:size]
    return overlap(one, other) & different


def neighbours(on: Ground, votes: Votes, others: Sequence[Votings]) -> tuple[Neighbour, ...]:
    """The others, those that share most first."""
    found = [
        Neighbour(
            other.function,
            other.name,
            share(overlap(votes, other.sample)),
            share(conflict(on, votes, other.sample)),
        )
        for other in others
    ]
    return tuple(sorted(found, key=lambda one: (-one.overlaps, -one.conflicts, one.name)))


def common(votes: Votes, others: Sequence[Votings]) -> int:
    """How many of the first items all of them looked at."""
    return min([len(votes), *(len(other.sample) for other in others)])


def somewhere(size: int, parts: Sequence[Bools]) -> Bools:
    """Where one of them holds, of the first so many items."""
    found = np.zeros(size, dtype=bool)
    for part in parts:
        found |= part[:size]
    return found
