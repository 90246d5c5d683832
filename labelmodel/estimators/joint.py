"""Parameters of the joint form, where a source votes for a label or abstains, with a chance of each under each truth.

`chance` (n_sources + 1, n_columns true, n_columns given) does not sum to 1: what is missing is the chance of no vote.
Where missing votes count, `quiet` (n_sources + 1, n_columns) is the evidence of a source that abstains, and `silence`
(n_columns,) that of all of them together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from labelmodel.estimators import full
from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.steps import TINY, fix_known, normalize
from labelmodel.estimators.votes import Evidence, FloatArray

# Known items that what was estimated without them counts for, per source and true label.
ITEMS_AHEAD = 10.0
# A source's least chance to vote for a label, as a share of how often it does: nothing it says is proof.
LEAST_SHARE = 0.02


def table_of_votes(arrays: Mapping[str, FloatArray]) -> FloatArray:
    """What a vote adds to the score of each true column, (n_sources * n_columns given, n_columns true).

    Where missing votes count, it takes back what `silence` holds against its source.
    """
    chance = arrays["chance"][:-1]
    table = full.by_vote(chance)
    if "quiet" in arrays:
        table -= np.repeat(arrays["quiet"][:-1], chance.shape[-1], axis=0)
    return table


def judge(parameters: Parameters, evidence: Evidence) -> FloatArray:
    """Posterior of rows and columns, (n_rows, n_columns)."""
    table = table_of_votes(parameters.arrays)
    base = np.log(np.maximum(parameters.prior[evidence.labels], TINY))
    base = base + parameters.arrays.get("silence", 0.0)
    chances = np.empty(evidence.shape)
    for where, block in evidence.blocks:
        chances[where] = block @ table + base
    fix_known(chances, evidence)
    normalize(chances)
    return chances


def with_pool(chance: FloatArray, evidence: Evidence) -> FloatArray:
    """Chances with the pool's last: the mean of the sources that vote, which those without votes have too."""
    voting = evidence.votes_by_source > 0
    columns = len(evidence.labels)
    even = np.full((columns, columns), 1.0 / max(columns, 1))
    pool = chance[voting].mean(axis=0) if voting.any() else even
    return np.concatenate([np.where(voting[:, None, None], chance, pool), pool[None]])


def rates(evidence: Evidence) -> FloatArray:
    """Share of all items that each source gives each column, (n_sources, n_columns)."""
    columns = len(evidence.labels)
    counts = np.bincount(evidence.source * columns + evidence.column, minlength=evidence.n_sources * columns)
    # A source that repeats itself on an item still votes on no more than all of them.
    return np.minimum(counts.reshape(evidence.n_sources, columns) / max(evidence.n_items, 1), 1.0)


def bounded(chance: FloatArray, rate: FloatArray) -> FloatArray:
    """Chances that are neither proof nor more than certain, (n_sources, true, given)."""
    least = LEAST_SHARE * rate[:, None, :]
    kept = np.clip(chance, np.maximum(least, TINY), 1.0)
    return np.asarray(kept / np.maximum(kept.sum(axis=-1, keepdims=True), 1.0))


def taught_by_gold(chance: FloatArray, evidence: Evidence) -> FloatArray:
    """Chances after the known items were counted; what was estimated counts for ITEMS_AHEAD of them."""
    rows, known = evidence.known
    if not len(rows):
        return chance
    columns = len(evidence.labels)
    truth = np.full(len(evidence.items), -1)
    truth[rows] = known
    of_vote = truth[evidence.row]
    votes = of_vote >= 0
    cells = (evidence.source[votes] * columns + of_vote[votes]) * columns + evidence.column[votes]
    counts = np.bincount(cells, minlength=chance.size).reshape(chance.shape)
    items = np.bincount(known, minlength=columns)[None, :, None]
    return np.asarray((counts + ITEMS_AHEAD * chance) / (items + ITEMS_AHEAD))
