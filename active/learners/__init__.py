"""Learners: features and soft targets in, a model with probabilities out. Arrays only.

Every learner is a function fit(features, targets, *, kind, weights, seed, start, ...) -> Model, listed in LEARNERS.
"""

from active.learners import logistic
from active.learners.model import Model
from active.learners.types import KINDS, Fit, Kind, one_hot

LEARNERS: dict[str, Fit] = {"logistic": logistic.fit}
DEFAULT = "logistic"

__all__ = ["DEFAULT", "KINDS", "LEARNERS", "Fit", "Kind", "Model", "one_hot"]
