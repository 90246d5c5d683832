"""Estimators: votes in, a consensus with what was learned about the sources out. Arrays only.

Every estimator is a function fit(votes, *, prior=None, gold=None, seed=0, ...) -> Fit, listed in ESTIMATORS.
"""

from labelmodel.estimators import (
    dawid_skene,
    discounted_evidence,
    glad,
    mace,
    majority,
    matrix_completion,
    one_coin,
    partial_pooling,
    triplet,
    weighted_vote,
)
from labelmodel.estimators.accuracy import SourceAccuracy, source_accuracy
from labelmodel.estimators.fits import Fit
from labelmodel.estimators.parameters import Parameters, from_bytes, to_bytes
from labelmodel.estimators.refresh import update
from labelmodel.estimators.votes import Votes

ESTIMATORS = {
    "majority": majority.fit,
    "weighted_vote": weighted_vote.fit,
    "one_coin": one_coin.fit,
    "dawid_skene": dawid_skene.fit,
    "glad": glad.fit,
    "mace": mace.fit,
    "partial_pooling": partial_pooling.fit,
    "matrix_completion": matrix_completion.fit,
    "triplet": triplet.fit,
    "discounted_evidence": discounted_evidence.fit,
}
DEFAULT_FOR_PEOPLE = "partial_pooling"
DEFAULT_FOR_FUNCTIONS = "discounted_evidence"

__all__ = [
    "DEFAULT_FOR_FUNCTIONS",
    "DEFAULT_FOR_PEOPLE",
    "ESTIMATORS",
    "Fit",
    "Parameters",
    "SourceAccuracy",
    "Votes",
    "from_bytes",
    "source_accuracy",
    "to_bytes",
    "update",
]
