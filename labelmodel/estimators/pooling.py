"""What a source is expected to do before its own votes are weighed: the pool's confusion at its own accuracy."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from labelmodel.estimators.votes import FloatArray

# Votes by which the pool's confusion leans, per true label, to even mistakes.
EVEN_VOTES = 20.0
# Votes by which a source's accuracy leans to the pool's.
POOL_VOTES = 10.0
# Candidate weights of the pool, relative to the square root of a source's votes.
WEIGHTS = 2.0 ** np.arange(-2, 8)
# Weight before the data can tell.
FIRST_WEIGHT = 2.0


def expected_confusion(counts: FloatArray) -> FloatArray:
    """Expected confusion of every source, then of the pool, (n_sources + 1, n_columns true, n_columns given).

    counts are expected votes, (n_sources, true, given). The odds of a right vote are the pool's times how much the
    source's odds exceed the pool's; mistakes keep the pool's proportions.
    """
    votes, right = counts.sum(axis=(1, 2)), np.trace(counts, axis1=1, axis2=2)
    overall = (right.sum() + 1.0) / (votes.sum() + 2.0)
    own = (right + POOL_VOTES * overall) / (votes + POOL_VOTES)
    factor = np.append(odds(own) / odds(overall), 1.0)
    expected = np.repeat(pooled_confusion(counts.sum(axis=0), overall)[None], len(factor), axis=0)
    diagonal = np.arange(counts.shape[1])
    expected[:, diagonal, diagonal] *= factor[:, None]
    return np.asarray(expected / expected.sum(axis=-1, keepdims=True))


def pooled_confusion(counts: FloatArray, accuracy: float) -> FloatArray:
    """Confusion of all sources together, (true, given), leaning to even mistakes where there are few votes."""
    columns = len(counts)
    even = np.full((columns, columns), (1.0 - accuracy) / max(columns - 1, 1))
    np.fill_diagonal(even, accuracy if columns > 1 else 1.0)
    return np.asarray((counts + EVEN_VOTES * even) / (counts.sum(axis=1, keepdims=True) + EVEN_VOTES))


def odds(chance: FloatArray | float) -> FloatArray:
    return np.asarray(chance / (1.0 - np.asarray(chance)))


def votes_in_advance(counts: FloatArray, fitted: bool) -> FloatArray:
    """Votes that each source counts in advance, (n_sources + 1, true, given): the expected confusion times a strength.

    The strength per true label is a weight times the root of the source's votes: own votes win in the end, but not
    as fast as if votes of one source were independent. The weight is the likeliest one (Dirichlet-multinomial).
    """
    expected = expected_confusion(counts)
    roots = np.sqrt(np.append(np.maximum(counts.sum(axis=(1, 2)), 1.0), 1.0))
    unit = roots[:, None, None] * expected
    weight = likeliest_weight(counts, unit[:-1]) if fitted else FIRST_WEIGHT
    return np.asarray(weight * unit)


def likeliest_weight(counts: FloatArray, unit: FloatArray) -> float:
    """Weight under which the counts are likeliest, each source and true label a Dirichlet-multinomial draw."""
    seen = counts > 1e-6  # the others change the likelihood by less than they cost
    cells, before, totals, strengths = counts[seen], unit[seen], counts.sum(axis=-1), unit.sum(axis=-1)

    def log_likelihood(weight: float) -> float:
        by_cell = gammaln(weight * before + cells) - gammaln(weight * before)
        by_row = gammaln(weight * strengths) - gammaln(weight * strengths + totals)
        return float(by_cell.sum() + by_row.sum())

    return float(WEIGHTS[np.argmax([log_likelihood(weight) for weight in WEIGHTS])])
