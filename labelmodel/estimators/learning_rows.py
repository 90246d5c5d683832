"""Rows that are enough to learn from: all of few, and of many so many that each source's votes are well known."""

from __future__ import annotations

import numpy as np

from labelmodel.estimators.parts import some_rows
from labelmodel.estimators.votes import Evidence, FloatArray

# Votes of each source for each label that are enough, and numbers in the posteriors of all votes.
VOTES, NUMBERS = 2_000, 4_000_000


def rows_to_learn_from(evidence: Evidence, seed: int) -> tuple[Evidence, FloatArray]:
    """Some rows, and how many items each stands for; all of them where there are few, and all with known labels.

    A row is drawn by the rarest vote on it, so that sources with few votes keep them all.
    """
    columns = len(evidence.labels)
    enough = max(min(VOTES, NUMBERS // max(columns * max(evidence.n_sources, 1), 1)), 100)
    event = evidence.source * columns + evidence.column
    chance = np.minimum(1.0, enough / np.maximum(np.bincount(event, minlength=1), 1.0))
    if not len(event) or chance.min() == 1.0:
        return evidence, np.ones(len(evidence.items))
    starts = np.concatenate([[0], np.cumsum(evidence.sizes)])[:-1]
    drawn = np.zeros(len(evidence.items))
    voted = evidence.sizes > 0
    drawn[voted] = np.maximum.reduceat(chance[event], starts[voted])
    drawn[evidence.known[0]] = 1.0
    kept = np.random.default_rng(seed).random(len(drawn)) < drawn
    return some_rows(evidence, kept), 1.0 / drawn[kept]
