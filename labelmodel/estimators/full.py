"""Steps in the full form, where every source has its own chance of each given label under each true label."""

from __future__ import annotations

import numpy as np

from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.steps import TINY, fix_known, normalize
from labelmodel.estimators.votes import Evidence, FloatArray, IntArray


def by_vote(confusion: FloatArray) -> FloatArray:
    """Log chance of a vote by true column, (n_sources * n_columns given, n_columns true)."""
    sources, columns, _ = confusion.shape
    return np.log(np.maximum(confusion, TINY)).transpose(0, 2, 1).reshape(sources * columns, columns)


def e_step(
    evidence: Evidence, confusion: FloatArray, prior: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Expected votes (n_sources, true, given), expected rows per column, and the log-likelihood.

    Block by block, so that the posterior of all rows is never in memory at once.
    """
    table, log_prior = by_vote(confusion), np.log(np.maximum(prior, TINY))
    votes, rows, likelihood = np.zeros_like(table), np.zeros(len(prior)), 0.0
    for where, block in evidence.blocks:
        chances = block @ table
        chances += log_prior
        fix_known(chances, evidence, where.start)
        likelihood += float(normalize(chances).sum())
        votes += block.T @ chances
        rows += chances.sum(axis=0)
    return as_confusion(votes, confusion.shape), rows, likelihood


def expected_votes(evidence: Evidence, posterior: FloatArray) -> FloatArray:
    """Expected votes under a posterior of rows, (n_sources, n_columns true, n_columns given)."""
    columns = len(evidence.labels)
    votes = np.zeros((evidence.n_sources * columns, columns))
    for where, block in evidence.blocks:
        votes += block.T @ posterior[where]
    return as_confusion(votes, (evidence.n_sources, columns, columns))


def as_confusion(votes: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    return np.ascontiguousarray(votes.reshape(shape).transpose(0, 2, 1))


def scores(evidence: Evidence, confusion: FloatArray) -> FloatArray:
    """Log chance of each row's votes under each true column, (n_rows, n_columns)."""
    table = by_vote(confusion)
    parts = [block @ table for _, block in evidence.blocks]
    return np.concatenate(parts) if parts else np.zeros(evidence.shape)


def scores_of_votes(evidence: Evidence, confusion: FloatArray, votes: IntArray) -> FloatArray:
    """Log chance of the single votes at these positions under each true column, (len(votes), n_columns)."""
    given = confusion[evidence.source[votes], :, evidence.column[votes]]
    return np.asarray(np.log(np.maximum(given, TINY)))


def judge(parameters: Parameters, evidence: Evidence) -> FloatArray:
    """Posterior of rows and columns, (n_rows, n_columns)."""
    confusion = parameters.arrays["confusion"][: evidence.n_sources]
    chances = scores(evidence, confusion) + np.log(np.maximum(parameters.prior[evidence.labels], TINY))
    fix_known(chances, evidence)
    normalize(chances)
    return chances
