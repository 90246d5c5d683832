"""The tables. Names are those of docs/architecture.md, one module per noun."""

from annotation.models.consensus import Adjudication, Consensus, ConsensusDue, DisputeClaim
from annotation.models.dataset import Dataset, Media, Rejection
from annotation.models.gold import GoldQuestion, GoldResult, Suspension
from annotation.models.guidelines import GuidelinesChange, GuidelinesSeen
from annotation.models.item import Item, ItemText
from annotation.models.likeness import Alike, AlikeSearch, Likeness
from annotation.models.people import ApiToken, Membership, User
from annotation.models.prediction import Prediction
from annotation.models.project import Project, SkipPolicy
from annotation.models.retention import ProjectFile, Reservoir, ReservoirItem
from annotation.models.schema import Schema
from annotation.models.snapshot import Comparison, Snapshot, SnapshotFormat, Split, SplitItem
from annotation.models.table import BulkAction, ItemTag, SavedView, Tag
from annotation.models.webhook import Delivery, Event, Webhook
from annotation.models.work import Annotation, Comment, Flag, Lease, Skip

__all__ = [
    "Adjudication",
    "Alike",
    "AlikeSearch",
    "Annotation",
    "ApiToken",
    "BulkAction",
    "Comment",
    "Comparison",
    "Consensus",
    "ConsensusDue",
    "Dataset",
    "Delivery",
    "DisputeClaim",
    "Event",
    "Flag",
    "GoldQuestion",
    "GoldResult",
    "GuidelinesChange",
    "GuidelinesSeen",
    "Item",
    "ItemTag",
    "ItemText",
    "Lease",
    "Likeness",
    "Media",
    "Membership",
    "Prediction",
    "Project",
    "ProjectFile",
    "Rejection",
    "Reservoir",
    "ReservoirItem",
    "SavedView",
    "Schema",
    "Skip",
    "SkipPolicy",
    "Snapshot",
    "SnapshotFormat",
    "Split",
    "SplitItem",
    "Suspension",
    "Tag",
    "User",
    "Webhook",
]
