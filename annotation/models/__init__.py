"""The tables. Names are those of docs/architecture.md, one module per noun."""

from annotation.models.dataset import Dataset, Media, Rejection
from annotation.models.item import GoldQuestion, Item, ItemText
from annotation.models.people import ApiToken, Membership, User
from annotation.models.project import Project, SkipPolicy
from annotation.models.schema import Schema
from annotation.models.work import Annotation, Comment, Flag, Lease, Skip

__all__ = [
    "Annotation",
    "ApiToken",
    "Comment",
    "Dataset",
    "Flag",
    "GoldQuestion",
    "Item",
    "ItemText",
    "Lease",
    "Media",
    "Membership",
    "Project",
    "Rejection",
    "Schema",
    "Skip",
    "SkipPolicy",
    "User",
]
