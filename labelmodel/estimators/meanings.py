"""What a vote means: how likely each label is where a source votes for one."""

from __future__ import annotations

import numpy as np

from labelmodel.estimators.steps import TINY
from labelmodel.estimators.votes import FloatArray

# Share of a source's votes that know the truth, before there is evidence; the others fall on labels as they are.
KNOWING = 0.85
# Evidence from other votes is believed as (votes) / (SLOW * votes + AHEAD): never in full, as sources share mistakes.
SLOW, AHEAD = 1.1, 32.0
# The same where it is only shown.
SHOWN_SLOW, SHOWN_AHEAD = 1.0, 10.0
# Known labels that all other evidence counts for, per source and label.
KNOWN_AHEAD = 20.0
# Least chance of a label, so that no vote is proof.
LEAST = 1e-3
# Most that a source can know of a label: the most of its items on which it speaks.
MOST_SPOKEN = 0.95
# Rounds of proportional fitting.
FITTINGS = 8


def expected_meaning(balance: FloatArray) -> FloatArray:
    """Chance of each label where a source votes, before there is evidence, (n_columns given, n_columns true)."""
    columns = len(balance)
    return np.asarray(KNOWING * np.eye(columns) + (1.0 - KNOWING) * balance[None, :])


def learned_meaning(
    soft: FloatArray,
    told: FloatArray,
    known: FloatArray,
    balance: FloatArray,
    slow: float = SLOW,
    ahead: float = AHEAD,
    known_ahead: float = KNOWN_AHEAD,
) -> FloatArray:
    """Chance of each label where a source votes, (n_sources, n_columns given, n_columns true).

    soft are expected votes as far as others tell, told how many those are (n_sources, n_columns given), known the
    votes on items with known labels.
    """
    start = expected_meaning(balance)[None]
    trust = (told / (slow * told + ahead))[..., None]
    seen = soft / np.maximum(told, TINY)[..., None]
    others = np.where(told[..., None] > 0, start + trust * (seen - start), start)
    return np.asarray((known + known_ahead * others) / (known.sum(axis=-1, keepdims=True) + known_ahead))


def joint_of(meaning: FloatArray, rate: FloatArray, balance: FloatArray, believed: FloatArray) -> FloatArray:
    """Chance of each label together with each vote, (n_sources, n_columns true, n_columns given + 1), no vote last.

    believed is the balance of the posterior that the meaning was learned from. The joint has the odds ratios of that
    meaning, and agrees with how often the source votes for what and how often labels occur (iterative proportional
    fitting). So what is said of everything says nothing, and a posterior that has drifted to a label does not drift on.
    """
    said = np.maximum(rate[..., None] * meaning, LEAST * rate[..., None] * believed).transpose(0, 2, 1)
    rest = np.maximum(1.0 - rate.sum(axis=1), 0.0)
    left = np.maximum(believed - said.sum(axis=-1), (1.0 - MOST_SPOKEN) * believed * rest[:, None])
    joint = np.concatenate([said, left[..., None]], axis=-1)
    given = np.concatenate([rate, rest[:, None]], axis=1)[:, None, :]
    for _ in range(FITTINGS):
        joint *= given / np.maximum(joint.sum(axis=1, keepdims=True), TINY)
        joint *= balance[:, None] / np.maximum(joint.sum(axis=2, keepdims=True), TINY)
    return joint


def evidence_in(joint: FloatArray) -> FloatArray:
    """What each vote, and the missing one last, adds to the score of each label, (n_sources, given + 1, true)."""
    given, true = joint.sum(axis=1, keepdims=True), joint.sum(axis=2, keepdims=True)
    ratio = joint / np.maximum(given * true, TINY)
    return np.where(given > TINY, np.log(np.maximum(ratio, LEAST)), 0.0).transpose(0, 2, 1)
