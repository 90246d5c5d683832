"""The tables. Names are those of docs/architecture.md, one module per noun."""

from annotation.models.consensus import Adjudication, Consensus, ConsensusDue, DisputeClaim
from annotation.models.dataset import Dataset, Media, Rejection
from annotation.models.gold import GoldQuestion, GoldResult, Suspension
from annotation.models.guidelines import GuidelinesChange, GuidelinesSeen
from annotation.models.item import Item, ItemText
from annotation.models.people import ApiToken, Membership, User
from annotation.models.prediction import Prediction
from annotation.models.project import Project, SkipPolicy
from annotation.models.schema import Schema
from annotation.models.work import Annotation, Comment, Flag, Lease, Skip

__all__ = [
    "Adjudication",
    "Annotation",
    "ApiToken",
    "Comment",
    "Consensus",
    "ConsensusDue",
    "Dataset",
    "DisputeClaim",
    "Flag",
    "GoldQuestion",
    "GoldResult",
    "GuidelinesChange",
    "GuidelinesSeen",
    "Item",
    "ItemText",
    "Lease",
    "Media",
    "Membership",
    "Prediction",
    "Project",
    "Rejection",
    "Schema",
    "Skip",
    "SkipPolicy",
    "Suspension",
    "User",
]
