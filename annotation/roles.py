"""What each member may do: the one table. docs/roles.md shows the same; a test compares them."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    ADJUDICATOR = "adjudicator"
    ANNOTATOR = "annotator"
    VIEWER = "viewer"


class Action(StrEnum):
    VIEW = "view"  # overview, guidelines, schema
    LABEL = "label"  # lease, submit, skip, flag, comment, revise own answers
    BROWSE = "browse"  # data table, items with everybody's answers, progress by person
    TAG = "tag"  # tag items, save views of the data table
    EXPORT = "export"  # download answers
    ADJUDICATE = "adjudicate"  # decide disputed items
    IMPORT = "import"  # add and retire items and media
    CONFIGURE = "configure"  # schema, guidelines, queue settings, gold questions
    WRITE_FUNCTIONS = "write_functions"  # write, run and stop labeling functions, upload their tables
    REVIEW_FUNCTIONS = "review_functions"  # approve, activate, roll back labeling functions; sensitive fields
    MEMBERS = "members"  # add, change and remove members
    AUDIT = "audit"  # who changed what
    ARCHIVE = "archive"  # close the project, hand over ownership


# What each action lets a member do, in words; the order is that of the table.
ACTIONS: dict[Action, str] = {
    Action.VIEW: "See the overview, the guidelines and the questions",
    Action.LABEL: "Label: answer, skip, flag, comment, revise own answers",
    Action.BROWSE: "See all items, everybody's answers and progress by person",
    Action.TAG: "Tag items and save views of them",
    Action.EXPORT: "Download the answers",
    Action.ADJUDICATE: "Decide disputed items",
    Action.IMPORT: "Add and retire items and media",
    Action.CONFIGURE: "Change questions, guidelines, queue settings and gold questions",
    Action.WRITE_FUNCTIONS: "Write, run and stop labeling functions",
    Action.REVIEW_FUNCTIONS: "Approve, activate and roll back labeling functions",
    Action.MEMBERS: "Add, change and remove members",
    Action.AUDIT: "See who changed what",
    Action.ARCHIVE: "Archive the project, make other owners",
}

_EVERYBODY = {Action.VIEW}
_ANNOTATOR = _EVERYBODY | {Action.LABEL}
_VIEWER = _EVERYBODY | {Action.BROWSE, Action.EXPORT}
_ADJUDICATOR = _ANNOTATOR | _VIEWER | {Action.TAG, Action.ADJUDICATE}
_FUNCTIONS = {Action.WRITE_FUNCTIONS, Action.REVIEW_FUNCTIONS}
_MANAGER = _ADJUDICATOR | {Action.IMPORT, Action.CONFIGURE, Action.MEMBERS, Action.AUDIT} | _FUNCTIONS
_OWNER = _MANAGER | {Action.ARCHIVE}

CAN: dict[Role, frozenset[Action]] = {
    Role.OWNER: frozenset(_OWNER),
    Role.MANAGER: frozenset(_MANAGER),
    Role.ADJUDICATOR: frozenset(_ADJUDICATOR),
    Role.ANNOTATOR: frozenset(_ANNOTATOR),
    Role.VIEWER: frozenset(_VIEWER),
}


def may(role: Role | str | None, action: Action) -> bool:
    """Whether a member with this role may do this; strangers (None) may do nothing."""
    return role is not None and action in CAN[Role(role)]
