"""Learners: features and soft targets in, a model with probabilities out. Arrays only.

Every learner is a function fit(features, targets, *, kind, weights, seed, start, ...) -> Model, listed in LEARNERS.
"""

from active.learners import boosting, committee, logistic, mlp
from active.learners.calibration import CALIBRATIONS, Calibration, calibration_from_bytes
from active.learners.choosing import Choice, calibrate
from active.learners.comparison import Comparison, compare
from active.learners.curves import Gain, Needed, Point, forecast, gain, needed
from active.learners.evaluation import LabelScore, Scores, evaluate
from active.learners.folds import out_of_fold
from active.learners.intervals import Estimate
from active.learners.model import Model
from active.learners.packing import NotReadable
from active.learners.storing import model_from_bytes
from active.learners.types import KINDS, Fit, Kind, one_hot

LEARNERS: dict[str, Fit] = {
    "logistic": logistic.fit,
    "mlp": mlp.fit,
    "committee": committee.fit,
    "boosting": boosting.fit,
}
DEFAULT = "logistic"

__all__ = [
    "CALIBRATIONS",
    "DEFAULT",
    "KINDS",
    "LEARNERS",
    "Calibration",
    "Choice",
    "Comparison",
    "Estimate",
    "Fit",
    "Gain",
    "Kind",
    "LabelScore",
    "Model",
    "Needed",
    "NotReadable",
    "Point",
    "Scores",
    "calibrate",
    "calibration_from_bytes",
    "compare",
    "evaluate",
    "forecast",
    "gain",
    "model_from_bytes",
    "needed",
    "one_hot",
    "out_of_fold",
]
