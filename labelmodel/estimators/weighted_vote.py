"""Weighted vote: a source counts by how often it agrees with the others (Wawa, "worker agreement with aggregate")."""

from __future__ import annotations

from labelmodel.estimators import honest
from labelmodel.estimators.fits import Fit, closed_form
from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.steps import settle_known, shares, vote_shares
from labelmodel.estimators.votes import Evidence, FloatArray, Gold, Votes, arrange


def fit(votes: Votes, *, prior: FloatArray | None = None, gold: Gold | None = None, seed: int = 0) -> Fit:
    """Weigh each source by its mean share of agreement with the plain vote, once.

    gold is a pair of aligned arrays (item, label). prior is for items without votes. Nothing is random.
    """
    evidence = arrange(votes, gold)
    plain = vote_shares(evidence)
    right = evidence.by_source(plain[evidence.row, evidence.column])
    weight = honest.accuracy_with_pool(right, evidence.votes_by_source, (1.0, 1.0))
    arrays = honest.one_coin_arrays(weight, len(evidence.labels)) | {"weight": weight}
    balance = shares(weighted_shares(evidence, weight).sum(axis=0))
    return closed_form("weighted_vote", evidence, arrays, balance, prior, judge)


def judge(parameters: Parameters, evidence: Evidence) -> FloatArray:
    """Posterior of rows and columns, (n_rows, n_columns)."""
    return weighted_shares(evidence, parameters.arrays["weight"])


def weighted_shares(evidence: Evidence, weight: FloatArray) -> FloatArray:
    return settle_known(shares(evidence.scatter(weight[evidence.source])), evidence)
