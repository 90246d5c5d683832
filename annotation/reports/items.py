"""The data table: items page by page, with what was said about each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import OperationalError, connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Left
from psycopg.errors import QueryCanceled

from annotation.errors import InvalidInput
from annotation.models import Annotation, Flag, GoldQuestion, Item, Lease, Project
from annotation.questions import Chip
from annotation.reports.items_query import Filters, count_up_to, estimate, page_ids
from annotation.reports.readings import Readings, readings_under

COUNTED = 1000
PREVIEW_CHARACTERS = 160
PREVIEW_FIELDS = 4
LONGEST_SEARCH = "5s"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the payload as the table shows it; without a name, the payload as a whole."""

    name: str
    title: str
    type: str = "text"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said about an item, and by whom."""

    question: str
    chip: Chip
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """An item of the table. `previews` go with the page's fields and are cut short."""

    id: int
    key: str
    state: str
    answers: int
    wanted: int
    previews: tuple[str, ...]
    said: tuple[Said, ...]
    flags: int
    gold: bool
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the table. `total` is exact unless `bounded`; then it is what `about` says, or a thousand at least."""

    fields: tuple[Field, ...]
    rows: tuple[Row, ...]
    previous: int | None
    next: int | None
    total: int
    bounded: bool
    about: int | None


def table(
    *,
    project: Project,
    filters: Filters,
    after: int = 0,
    before: int | None = None,
    limit: int = 50,
    gold: bool = False,
) -> Page:
    """One page after or before an id. `gold`: whether the reader may know which items are gold questions.

    Raises InvalidInput for a search that takes too long.
    """
    with time_limit():
        ids = page_ids(project, filters, after=after, before=before, limit=limit + 1)
        total = count_up_to(project, filters, COUNTED + 1)
    ids, more = (ids[:limit], len(ids) > limit) if before is None else (ids[-limit:], len(ids) > limit)
    shown = fields_of(project)
    bounded = total > COUNTED
    simple = not (
        filters.q
        or filters.question
        or filters.annotator
        or filters.flagged
        or filters.gold
        or filters.weighed
    )
    return Page(
        fields=shown,
        rows=tuple(_rows(project, ids, shown, gold)),
        previous=ids[0] if ids and (more if before is not None else after) else None,
        next=ids[-1] if ids and (more if before is None else True) else None,
        total=min(total, COUNTED),
        bounded=bounded,
        about=_about(project, filters) if bounded and simple else None,
    )


def _about(project: Project, filters: Filters) -> int | None:
    """The planner's estimate, unless it is below what was counted: statistics lag behind a large import."""
    guess = estimate(project, filters)
    return guess if guess > COUNTED else None


def fields_of(project: Project, most: int = PREVIEW_FIELDS) -> tuple[Field, ...]:
    """The first fields that the current schema shows; one field without a name when it names none."""
    listed = project.schema.fields if project.schema else []
    shown = [field for field in listed if field.get("type") != "hidden"][:most]
    if not shown:
        return (Field("", "Item"),)
    return tuple(
        Field(field["name"], field.get("title") or field["name"], field.get("type", "text"))
        for field in shown
    )


def current_answers(item_ids: Iterable[int]) -> QuerySet[Annotation]:
    """The answers that count, each person's last, in the order in which they were given."""
    counted = [Lease.State.SUBMITTED, Lease.State.AGAIN]
    found = Annotation.objects.filter(item__in=list(item_ids), current_for__state__in=counted)
    return found.select_related("annotator").order_by("pk")


@contextmanager
def time_limit(limit: str = LONGEST_SEARCH) -> Iterator[None]:
    """Stop a query that somebody is waiting for in vain. Raises InvalidInput."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
            yield
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', '0', true)")
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise InvalidInput(
            "This search takes too long; narrow it by a state, a dataset or more words."
        ) from error


def _rows(project: Project, ids: list[int], shown: tuple[Field, ...], gold: bool) -> Iterator[Row]:
    previews = {f"preview_{n}": Left(_text(field), PREVIEW_CHARACTERS) for n, field in enumerate(shown)}
    marks = {
        "open_flags": Count("flags", filter=Q(flags__closed_at=None)),
        "is_gold": Exists(GoldQuestion.objects.filter(item=OuterRef("pk"))),
    }
    found = Item.objects.filter(pk__in=ids).order_by("pk")
    answers: dict[int, list[Annotation]] = {}
    for answer in current_answers(ids):
        answers.setdefault(answer.item_id, []).append(answer)
    readings = readings_under(project.schema_id) if project.schema_id else None
    values = found.values("pk", "key", "state", "answers", "wanted", **marks, **previews)
    for item in cast("Iterable[dict[str, Any]]", values):
        given = answers.get(item["pk"], [])
        # A gold question says what an ordinary item would; see reports/blind.py.
        told = gold or not item["is_gold"]
        yield Row(
            id=item["pk"],
            key=item["key"],
            state=item["state"],
            answers=item["answers"] if told else project.annotations_per_item,
            wanted=item["wanted"] if told else project.annotations_per_item,
            previews=tuple(item[name] or "" for name in previews),
            said=summary(readings, given) if readings else (),
            flags=item["open_flags"],
            gold=gold and item["is_gold"],
            updated=given[-1].created_at if given else None,
        )


def _text(field: Field) -> Any:
    return KeyTextTransform(field.name, "payload") if field.name else Cast("payload", TextField())


def summary(readings: Readings, answers: Iterable[Annotation]) -> tuple[Said, ...]:
    """What these answers say, as it reads now: each thing once, with all who said it, question by question."""
    people: dict[tuple[int, str, Chip], list[str]] = {}
    order = {name: position for position, name in enumerate(readings.form.parts)}
    for answer in answers:
        read, lacking = readings.read(answer.schema_id, answer.answer)
        for shown in readings.form.shown(read):
            for chip in shown.chips:
                people.setdefault((order[shown.name], shown.title, chip), []).append(
                    answer.annotator.username
                )
        for name in lacking - read.keys():
            title = readings.form.parts[name].question["title"]
            people.setdefault((order[name], title, Chip("to be decided")), []).append(
                answer.annotator.username
            )
    told = sorted(people.items(), key=lambda entry: (entry[0][0], -len(entry[1])))
    return tuple(Said(title, chip, tuple(names)) for (_, title, chip), names in told)


def flags_open(item: Item) -> QuerySet[Flag]:
    return Flag.objects.filter(item=item, closed_at=None).select_related("author").order_by("pk")
