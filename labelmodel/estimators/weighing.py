"""Votes weighed by what they mean: scores of items, and what the other votes of an item say about each vote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from labelmodel.estimators.companions import EVERYBODY, discounts
from labelmodel.estimators.parts import Part, parts
from labelmodel.estimators.steps import TINY, normalize, settle_known
from labelmodel.estimators.votes import Evidence, FloatArray, bincount

# Share of what missing votes say that is believed.
SILENCE = 0.3


@dataclass(frozen=True, eq=False)
class Belief:
    """What is held of labels and sources while learning."""

    balance: FloatArray  # (n_columns,) share of each label
    evidence: (
        FloatArray  # (n_sources, n_columns given, n_columns true) what a vote adds to the score of each label
    )
    quiet: FloatArray  # (n_sources, n_columns) what a missing vote adds
    pairs: csr_array  # (n_sources, n_sources) dependence of each two

    @property
    def base(self) -> FloatArray:
        """Score of an item without votes."""
        return np.asarray(np.log(np.maximum(self.balance, TINY)) + self.quiet.sum(axis=0))


@dataclass(frozen=True, eq=False)
class Seen:
    """What judging the items once shows."""

    posterior: FloatArray  # (n_rows, n_columns)
    items: FloatArray  # (n_columns,) expected items per label, those without votes included
    soft: FloatArray  # (n_sources, n_columns given, n_columns true) expected votes, as far as the other votes tell
    told: FloatArray  # (n_sources, n_columns given) how many votes that is


def heard(missing: FloatArray, rate: FloatArray, pairs: csr_array) -> FloatArray:
    """Of what missing votes say, (n_sources, n_columns), the share that is believed: less where sources say it together."""
    alone = (rate.sum(axis=1) > 0) / (1.0 + pairs.sum(axis=1))
    count = SILENCE * alone / (1.0 + EVERYBODY * max(float(alone.sum()) - 1.0, 0.0))
    return np.asarray(count[:, None] * missing)


def weigh(
    evidence: Evidence, arrays: Mapping[str, FloatArray], pairs: csr_array, base: FloatArray
) -> Iterator[tuple[Part, FloatArray, FloatArray, FloatArray]]:
    """Part by part the scores of its rows, (n_rows, n_columns), what each vote counts, and would take along if left out."""
    columns = len(evidence.labels)
    table = arrays["evidence"][: evidence.n_sources].reshape(-1, columns)
    quiet = np.repeat(arrays["quiet"][: evidence.n_sources], columns, axis=0)
    for part in parts(evidence):
        count, along = discounts(part, pairs)
        scores = part.matrix(count) @ table
        scores -= part.matrix(part.first.astype(float)) @ quiet
        scores += base
        yield part, scores, count, along


def look(evidence: Evidence, weight: FloatArray, without: float, belief: Belief) -> Seen:
    """Judge the items; weight are those that each row stands for, without the ones that have no votes."""
    columns = len(evidence.labels)
    arrays = {"evidence": belief.evidence, "quiet": belief.quiet}
    events = evidence.n_sources * columns
    soft, told = np.zeros((events, columns)), np.zeros(events)
    posterior = np.empty(evidence.shape)
    every, some = np.zeros(columns), np.zeros(columns)
    unknown = np.ones(len(evidence.items))
    unknown[evidence.known[0]] = 0.0
    for part, scores, count, along in weigh(evidence, arrays, belief.pairs, belief.base):
        own = belief.evidence.reshape(-1, columns)[part.event]
        others = scores[part.row] - along[:, None] * own
        normalize(others)
        counts = (weight * unknown)[part.where][part.row]
        tells = np.abs(others - belief.balance).sum(axis=1) / 2.0
        others *= np.exp(own)
        others *= (counts / np.maximum(others.sum(axis=1), TINY))[:, None]
        alone = count / along
        every += alone @ others
        counts *= tells
        others *= tells[:, None]
        some += alone @ others
        told += bincount(part.event, counts, events)
        for column in range(columns):
            soft[:, column] += bincount(part.event, others[:, column], events)
        normalize(scores)
        posterior[part.where] = scores
    settle_known(posterior, evidence)
    blank = belief.base[None].copy()
    normalize(blank)
    shape = evidence.n_sources, columns, columns
    # Other votes tell more of some labels than of others, which must not make those look more frequent.
    soft *= every / np.maximum(some, TINY)
    soft *= (told / np.maximum(soft.sum(axis=1), TINY))[:, None]
    return Seen(
        posterior, weight @ posterior + without * blank[0], soft.reshape(shape), told.reshape(shape[:2])
    )
