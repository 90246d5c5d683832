"""The tables of this layer, one module per noun."""

from labelmodel.models.functions import FunctionTable, FunctionVersion, LabelingFunction, WeakSettings
from labelmodel.models.probabilities import PosteriorShard, WeakRun
from labelmodel.models.runs import LabelModelRun, RunQuerySet, SourceQuality
from labelmodel.models.votes import FunctionRun, VoteShard

__all__ = [
    "FunctionRun",
    "FunctionTable",
    "FunctionVersion",
    "LabelModelRun",
    "LabelingFunction",
    "PosteriorShard",
    "RunQuerySet",
    "SourceQuality",
    "VoteShard",
    "WeakRun",
    "WeakSettings",
]
