"""What can be asked of items: one entry for each field. Upper layers add theirs when they are loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db.models import BooleanField, Exists, F, OuterRef, Q, QuerySet, Value

from annotation.expressions import Condition
from annotation.filtering.bounds import Bounds
from annotation.models import Item, Project

# How a field's values look, for whoever offers them.
Kind = Literal["choice", "label", "number", "text", "time", "flag"]
EQUAL = ("=", "!=", "in")
ORDERED = ("=", "!=", "in", "<", "<=", ">", ">=")
FLAG = ("",)
# Not an empty list of ids: Django would refuse to write a query that finds nothing, and others need its SQL.
NEVER = Q(Value(False, output_field=BooleanField()))


class Unfit(Exception):
    """A condition that the project cannot answer; says in a sentence why, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a filter is checked against. `gold`: whether gold questions may be spoken of."""

    project: Project
    gold: bool
    now: datetime

    @property
    def questions(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.project.schema.questions} if self.project.schema else {}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the ids of the items that pass, and perhaps of others, can be read from by an index: a query of one column,
    `place`. `ordered`: the index has them in order of ids, so that the first few cost little; `late`: it takes long, however
    few there are."""

    ids: Callable[[Bounds], QuerySet[Any, Any]]
    ordered: bool
    late: bool = False
    # What it is put together from.
    parts: tuple[Source, ...] = ()

    def nearest(self, bounds: Bounds, size: int) -> QuerySet[Any, Any]:
        """The first ids, or the last before a place, nearest first; of several parts each is read no further than that."""
        order = "place" if bounds.high is None else "-place"
        found = [part.ids(bounds).order_by(order)[:size] for part in self.parts or (self,)]
        return found[0].union(*found[1:], all=True).order_by(order)[:size] if found[1:] else found[0]


@dataclass(frozen=True, slots=True)
class Test:
    """A condition ready for the database: what items must fulfil, true or false and never null. `opposite` is where the ids
    of those that do not pass can be read from."""

    passes: Callable[[Bounds], Q]
    source: Source | None = None
    opposite: Source | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """`test` raises Unfit. It gets `=` with one or several values for `=`, `!=` and `in`; what it makes of them is turned
    round for `!=`."""

    name: str
    about: str
    example: str
    kind: Kind
    operators: tuple[str, ...]
    test: Callable[[Scope, Condition], Test]
    # What comes after the dot: a question of the project or a field of its payloads; whether it may be left out.
    part: Literal["", "question", "field"] = ""
    part_optional: bool = False
    # Only for who may know which items are gold questions.
    secret: bool = False
    choices: Callable[[Project], Sequence[str]] | None = field(default=None)
    # Comparisons that no index helps with: where few items pass, all are looked at.
    slow: tuple[str, ...] = ()
    # Where to read from if several comparisons of this field, which has one value, hold at once: > 3 and < 4.
    between: Callable[[Scope, Sequence[Condition]], Source | None] | None = None


FIELDS: dict[str, Field] = {}


def joined(sources: Sequence[Source]) -> Source:
    """What one of them at least has; some ids more than once."""
    if len(sources) == 1:
        return sources[0]

    def ids(bounds: Bounds) -> QuerySet[Any, Any]:
        found: list[QuerySet[Any, Any]] = [source.ids(bounds) for source in sources]
        return found[0].union(*found[1:], all=True)

    return Source(
        ids,
        ordered=all(source.ordered for source in sources),
        late=any(source.late for source in sources),
        parts=tuple(part for source in sources for part in source.parts or (source,)),
    )


def register(*fields: Field) -> None:
    for one in fields:
        FIELDS[one.name] = one


def of_items(project: Project, condition: Q, *, indexed: bool = False, ordered: bool = False) -> Test:
    """A condition on columns of the item itself."""
    source = source_of_items(project, condition, ordered=ordered) if indexed else None
    return Test(lambda bounds: condition, source)


def source_of_items(project: Project | None, condition: Q, *, ordered: bool = True) -> Source:
    """Without a project where the condition says which it is: the index of the condition needs to know no more."""
    own = Q(project=project) if project else Q()

    def ids(bounds: Bounds) -> QuerySet[Any, Any]:
        found = Item.objects.filter(condition, own, bounds.of("pk"))
        return found.annotate(place=F("pk")).values_list("place", flat=True)

    return Source(ids, ordered)


def about(
    rows: QuerySet[Any, Any],
    *,
    lead: QuerySet[Any, Any] | None = None,
    indexed: bool = True,
    ordered: bool = False,
) -> Test:
    """That one of these rows is about the item; they have a column `item`. `lead`: rows that an index gives sooner, with
    these among them."""
    begin = rows if lead is None else lead

    def passes(bounds: Bounds) -> Q:
        return Q(Exists(rows.filter(bounds.of("item_id"), item=OuterRef("pk"))))

    def ids(bounds: Bounds) -> QuerySet[Any, Any]:
        found = begin.filter(bounds.of("item_id")).order_by()
        ids: QuerySet[Any, Any] = found.annotate(place=F("item_id")).values_list("place", flat=True)
        return ids

    return Test(passes, Source(ids, ordered) if indexed else None)
