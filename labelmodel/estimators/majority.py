"""Majority vote: the share of each label among an item's votes. Every vote counts the same."""

from __future__ import annotations

import numpy as np

from labelmodel.estimators import honest
from labelmodel.estimators.fits import Fit, finish
from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.steps import shares, vote_shares
from labelmodel.estimators.votes import Evidence, FloatArray, Gold, Votes, arrange


def fit(votes: Votes, *, prior: FloatArray | None = None, gold: Gold | None = None, seed: int = 0) -> Fit:
    """Take vote shares as they are; a source's accuracy is its mean share of agreement.

    gold is a pair of aligned arrays (item, label). prior is for items without votes. Nothing is random.
    """
    evidence = arrange(votes, gold)
    posterior = vote_shares(evidence)
    right = evidence.by_source(posterior[evidence.row, evidence.column])
    accuracy = honest.accuracy_with_pool(right, evidence.votes_by_source, (1.0, 1.0))
    arrays = honest.one_coin_arrays(accuracy, len(evidence.labels))
    return finish(
        "majority", evidence, arrays, shares(posterior.sum(axis=0)), prior, np.zeros(1), True, judge
    )


def judge(parameters: Parameters, evidence: Evidence) -> FloatArray:
    """Posterior of rows and columns, (n_rows, n_columns)."""
    return vote_shares(evidence)
