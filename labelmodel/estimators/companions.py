"""Sources that vote together more than what is true explains: how dependent each two are, and what that takes off a vote."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, eye_array

from labelmodel.estimators.parts import Part
from labelmodel.estimators.steps import TINY
from labelmodel.estimators.votes import Evidence, FloatArray, IntArray

# Overlap of two sources' votes (shared ones by all of either) from which, and at which, they count as one whatever the labels are.
SIMILAR, SAME = 0.8, 1.0
# Shared votes that may be chance, and votes by which a correlation leans to none.
CHANCE, LEAN = 1.0, 1.0
# Correlations below are not told apart from none.
LEAST = 0.05
# What no pair shows: how dependent any two sources are.
EVERYBODY = 0.1
# Votes per row from which a dense array is faster than a sparse one, and the cells that it may have.
MANY_VOTES, DENSE_CELLS = 20, 20_000_000


def companions(
    evidence: Evidence, weight: FloatArray, posterior: FloatArray | None, items: FloatArray | None
) -> csr_array:
    """Dependence of each two sources in [0, 1], symmetric, (n_sources, n_sources); of a source with itself none.

    weight are the items that each row stands for, posterior that of the rows, items the expected ones per column, those
    without votes included. Without a posterior, only overlaps count.
    """
    sources = evidence.n_sources
    both = csr_array((sources, sources))
    joint = csr_array((sources, sources))
    spread = np.zeros(sources)
    for column in range(len(evidence.labels)):
        here = evidence.column == column
        rows, who = evidence.row[here], evidence.source[here]
        every = shared(rows, who, weight, sources)
        both = both + every
        if posterior is None or items is None:
            continue
        inside = shared(rows, who, weight * posterior[:, column], sources)
        total = float(items.sum())
        for counts, size in ((inside, items[column]), (csr_array(every - inside), total - items[column])):
            one = counts.diagonal()
            joint = joint + beyond(counts, one, max(float(size), TINY))
            spread += one - one**2 / max(float(size), TINY)
    return without_self(strongest(overlap(both), correlation(joint, spread)))


def shared(rows: IntArray, who: IntArray, weight: FloatArray, sources: int) -> csr_array:
    """Weight of the rows that two sources share, (n_sources, n_sources)."""
    seen, row = np.unique(rows, return_inverse=True)
    active, source = np.unique(who, return_inverse=True)
    shape = len(seen), len(active)
    if not len(rows):
        return csr_array((sources, sources))
    votes = csr_array((np.ones(len(rows)), (row, source)), shape=shape)
    if len(rows) > MANY_VOTES * shape[0] and shape[0] * shape[1] <= DENSE_CELLS:
        dense = votes.toarray()
        dense *= np.sqrt(weight[seen])[:, None]
        counts = csr_array(dense.T @ dense)
    else:
        scaled = csr_array((weight[seen][row], (row, source)), shape=shape)
        counts = csr_array(votes.T @ scaled)
    counts = counts.tocoo()
    return csr_array((counts.data, (active[counts.row], active[counts.col])), shape=(sources, sources))


def beyond(counts: csr_array, one: FloatArray, size: float) -> csr_array:
    """Shared votes beyond those of independent sources, where there are any."""
    pairs = counts.tocoo()
    return csr_array(
        (pairs.data - one[pairs.row] * one[pairs.col] / size, (pairs.row, pairs.col)), shape=counts.shape
    )


def overlap(both: csr_array) -> csr_array:
    """Dependence by shared votes alone, for sources that are nearly copies."""
    pairs, own = both.tocoo(), both.diagonal()
    share = (pairs.data - CHANCE) / np.maximum(own[pairs.row] + own[pairs.col] - pairs.data, TINY)
    return csr_array(
        (np.clip((share - SIMILAR) / (SAME - SIMILAR), 0.0, 1.0), (pairs.row, pairs.col)), shape=both.shape
    )


def correlation(joint: csr_array, spread: FloatArray) -> csr_array:
    """Dependence by votes shared beyond what the posterior explains."""
    pairs = joint.tocoo()
    scale = np.sqrt(np.maximum(spread[pairs.row] * spread[pairs.col], 0.0)) + LEAN
    found = np.clip((pairs.data - CHANCE) / scale, 0.0, 1.0)
    return csr_array((np.where(found > LEAST, found, 0.0), (pairs.row, pairs.col)), shape=joint.shape)


def strongest(one: csr_array, other: csr_array) -> csr_array:
    return csr_array(one.maximum(other))


def without_self(pairs: csr_array) -> csr_array:
    found = csr_array(pairs - pairs.multiply(eye_array(pairs.shape[0])))
    found.eliminate_zeros()
    return found


def discounts(part: Part, pairs: csr_array) -> tuple[FloatArray, FloatArray]:
    """What each vote of a part counts, in (0, 1], and what it would take along if it were left out.

    A vote among companions counts as its share of them; and the votes of an item that are left as so many count by the
    design effect of clustered samples (Kish 1965), as no two sources are quite independent.
    """
    company = 1.0 + part.company(pairs)
    alone = 1.0 / company
    distinct = np.bincount(part.row, alone, part.shape[0])[part.row]
    count = alone / (1.0 + EVERYBODY * np.maximum(distinct - 1.0, 0.0))
    return count, count * company
