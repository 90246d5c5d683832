"""Estimators: votes in, a consensus with what was learned about the sources out. Arrays only.

Every estimator is a function fit(votes, *, prior=None, gold=None, seed=0, ...) -> Fit, listed in ESTIMATORS.
"""

from labelmodel.estimators import dawid_skene, glad, mace, majority, one_coin, partial_pooling
from labelmodel.estimators.accuracy import SourceAccuracy, source_accuracy
from labelmodel.estimators.fits import Fit
from labelmodel.estimators.parameters import Parameters, from_bytes, to_bytes
from labelmodel.estimators.refresh import update
from labelmodel.estimators.votes import Votes

ESTIMATORS = {
    "majority": majority.fit,
    "one_coin": one_coin.fit,
    "dawid_skene": dawid_skene.fit,
    "glad": glad.fit,
    "mace": mace.fit,
    "partial_pooling": partial_pooling.fit,
}
DEFAULT_FOR_PEOPLE = "partial_pooling"

__all__ = [
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
