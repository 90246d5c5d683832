"""Which tables a project's file holds, in the order in which they can be read again: what is referred to comes first.

Columns are read from the models. Ids are written from 1 on and told apart again by one number for each table; people are
written by their number in the file. A layer above adds its tables in its AppConfig.ready.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from annotation.models import (
    Adjudication,
    Alike,
    Annotation,
    Comment,
    Consensus,
    Dataset,
    Flag,
    GoldQuestion,
    GoldResult,
    GuidelinesChange,
    GuidelinesSeen,
    Item,
    ItemTag,
    Lease,
    Media,
    Membership,
    Prediction,
    Project,
    Rejection,
    Reservoir,
    ReservoirItem,
    SavedView,
    Schema,
    Skip,
    Snapshot,
    Split,
    SplitItem,
    Suspension,
    Tag,
    User,
)


@dataclass(frozen=True)
class Table:
    """One table of the file. `t` is its row in `rows` (which of them) and in `written` and `read`."""

    model: type[models.Model]
    rows: str = "t.project_id = %(project)s"
    # Columns that stay behind: they get their defaults.
    leave: frozenset[str] = frozenset()
    # {column: the table whose id it holds} where no foreign key says so.
    refers: Mapping[str, type[models.Model]] = field(default_factory=dict)
    # {column: SQL that is written, or read, instead of it}; {id} is the row's new id, and {annotation.item}, say, is how far the
    # ids of items are from those in the file.
    written: Mapping[str, str] = field(default_factory=dict)
    read: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.model._meta.label_lower

    @property
    def numbered(self) -> bool:
        """Whether its rows have ids of their own."""
        return isinstance(self.model._meta.pk, models.AutoField)

    @property
    def key(self) -> str:
        """The column by which its rows are ordered and named."""
        return str(self.model._meta.pk.column)

    def columns(self) -> Iterator[Column]:
        for each in self.model._meta.concrete_fields:
            if each.column not in self.leave:
                yield Column(each, self._target(each))

    def _target(self, each: models.Field[Any, Any]) -> type[models.Model] | None:
        if (named := self.refers.get(str(each.column))) is not None:
            return named
        if each.primary_key and self.numbered:
            return self.model
        return each.related_model if each.is_relation else None


@dataclass(frozen=True)
class Column:
    """A column that is carried, and whose id it holds, if any."""

    field: models.Field[Any, Any]
    target: type[models.Model] | None

    @property
    def name(self) -> str:
        return str(self.field.column)


_OF_ITEMS = "EXISTS (SELECT FROM annotation_item i WHERE i.id = t.item_id AND i.project_id = %(project)s)"


def within(parent: str, column: str) -> str:
    """Rows whose parent, in this table, is of the project."""
    return f"t.{column} IN (SELECT id FROM {parent} WHERE project_id = %(project)s)"  # noqa: S608 - names only


# What is over: an import or export that was under way belongs to workers that the file knows nothing of.
_DONE = "t.project_id = %(project)s AND t.state = 'done'"
_ENDED = "CASE WHEN t.state IN ('done', 'failed') THEN t.state ELSE 'cancelled' END"

TABLES: list[Table] = [
    # A restored project is open, and its schema is the latest version.
    Table(Project, "t.id = %(project)s", leave=frozenset({"archived_at", "schema_id"})),
    Table(Schema),
    # Scans begin anew; tokens of their clients mean nothing elsewhere.
    Table(Membership, leave=frozenset({"cursor_priority", "cursor_item"})),
    Table(GuidelinesChange),
    Table(GuidelinesSeen),
    Table(
        Dataset,
        # The uploaded file stays behind: what is in it are the items. Words are indexed after the restore.
        leave=frozenset({"file", "searchable", "heartbeat_at", "attempts"}),
        written={"state": _ENDED},
    ),
    Table(Media, leave=frozenset({"file"})),
    # What is made of payloads is made anew.
    Table(Item, leave=frozenset({"payload_changed_at"})),
    # The item that a row was nearly the same as: no foreign key says so, for it may be gone. Files of earlier versions have
    # the old server's ids there, or no such column.
    Table(
        Rejection,
        within("annotation_dataset", "dataset_id"),
        written={
            "other": "(SELECT i.id - {annotation.item} FROM annotation_item i"
            " WHERE i.id = t.other AND i.project_id = %(project)s)"
        },
        read={
            "other": "(SELECT i.id FROM annotation_item i"
            " WHERE i.id = (to_jsonb(t) ->> 'other')::bigint + {annotation.item} AND i.project_id = 1 + {annotation.project})"
        },
    ),
    # A resent answer is known by its nonce, which is its person's in all projects; here it is made new.
    Table(Annotation, leave=frozenset({"nonce"}), read={"nonce": "'restored-' || {id}"}),
    Table(Lease),
    Table(Skip, _OF_ITEMS),
    Table(Flag, _OF_ITEMS),
    Table(Comment, _OF_ITEMS),
    Table(GoldQuestion),
    Table(GoldResult),
    Table(Suspension, refers={"first_annotation": Annotation, "last_annotation": Annotation}),
    Table(Adjudication, leave=frozenset({"nonce"}), read={"nonce": "'restored-' || {id}"}),
    # Label models are fitted anew from the same votes, within seconds.
    Table(Consensus, leave=frozenset({"run"})),
    Table(Prediction),
    Table(Tag),
    Table(ItemTag, within("annotation_tag", "tag_id")),
    Table(SavedView),
    Table(Split),
    Table(SplitItem, within("annotation_split", "split_id")),
    Table(Snapshot, _DONE, leave=frozenset({"file", "heartbeat_at", "attempts"})),
    Table(Reservoir),
    Table(ReservoirItem, within("annotation_reservoir", "reservoir_id")),
    # Sketches by which it was found are made anew.
    Table(Alike, _OF_ITEMS),
]


def register(*tables: Table) -> None:
    """Add tables of a layer above, behind those that they refer to. Harmless when repeated."""
    known = {table.name for table in TABLES}
    TABLES.extend(table for table in tables if table.name not in known)


def people_columns(table: Table) -> list[str]:
    return [column.name for column in table.columns() if column.target is User]


def placed(statement: str, distances: Mapping[type[models.Model], int]) -> str:
    """A `written` or `read` with the numbers in it."""
    for model, distance in distances.items():
        statement = statement.replace(f"{{{model._meta.label_lower}}}", str(distance))
    return statement
