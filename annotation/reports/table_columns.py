"""The columns of the data table. Upper layers add theirs when they are loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from annotation.models import Project
from annotation.reports.table_loaded import Loaded

MOST_COLUMNS = 40
# So many fields of the payload are shown unless somebody chooses.
USUAL_FIELDS = 4
# The payload's fields are known from so many items: from the schema, and from what the first ones have besides.
LOOKED_AT = 100
MOST_FIELDS = 100
WHOLE = "payload"
PAYLOAD = "The item"

_KEYS = """
SELECT DISTINCT jsonb_object_keys(payload) AS name FROM (
    SELECT payload FROM annotation_item WHERE project_id = %s ORDER BY id LIMIT %s) first
WHERE jsonb_typeof(payload) = 'object' ORDER BY name LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` says how a cell is shown (templates/annotation/items_cell.html); `cell` reads it from what was loaded."""

    name: str
    title: str
    kind: str
    group: str
    cell: Callable[[Loaded, int], Any]


# name → column, for what layers above know of items.
EXTRA: dict[str, Column] = {}

_FIXED = (
    Column("state", "State", "state", "Work", lambda known, item: known.items[item]["state"]),
    Column("said", "Answers", "said", "Work", lambda known, item: known.said(item)),
    Column("given", "Given", "given", "Work", lambda known, item: known.given(item)),
    Column("annotators", "Annotators", "words", "Work", lambda known, item: known.annotators(item)),
    Column("assigned", "Assigned to", "words", "Work", lambda known, item: known.holders.get(item, ())),
    Column("answered_at", "Last answer", "time", "Work", lambda known, item: known.answered_at(item)),
    Column("tags", "Tags", "tags", "Work", lambda known, item: known.tags.get(item, ())),
    Column("consensus", "Consensus", "said", "Consensus", lambda known, item: known.consensus_said(item)),
    Column("confidence", "Confidence", "share", "Consensus", lambda known, item: known.confidence(item)),
    Column("agreement", "Agreement", "agreement", "Consensus", lambda known, item: known.unanimous(item)),
    Column(
        "priority", "Priority", "number", "Queue", lambda known, item: known.items[item]["priority"] or None
    ),
    Column("reason", "Why it comes", "text", "Queue", lambda known, item: known.items[item]["reason"]),
    Column("dataset", "Dataset", "text", PAYLOAD, lambda known, item: known.items[item]["dataset__name"]),
    Column("created", "Created", "time", PAYLOAD, lambda known, item: known.items[item]["created_at"]),
    Column("id", "Number", "number", PAYLOAD, lambda known, item: item),
)


def columns_of(project: Project) -> dict[str, Column]:
    """All columns that this project can show, by name."""
    return _by_name(project, fields_of(project))


def _by_name(project: Project, listed_fields: list[tuple[str, str, str]]) -> dict[str, Column]:
    fields = [_field(name, title, kind) for name, title, kind in listed_fields]
    whole = Column(WHOLE, "Payload", "text", PAYLOAD, lambda known, item: known.preview(item, ""))
    listed = [*fields, whole, *_FIXED, *_by_question(project), *EXTRA.values()]
    return {column.name: column for column in listed}


def usual(project: Project) -> list[str]:
    """What is shown unless somebody chooses."""
    shown = [f"meta.{name}" for name, _ in _of_schema(project)][:USUAL_FIELDS]
    tags = ["tags"] if project.tags.exists() else []
    return [*(shown or [WHOLE]), "state", "said", "given", *tags, "answered_at"]


def chosen(project: Project, names: Sequence[str]) -> list[Column]:
    """The columns of these names, in this order; names that this project does not know (any more) are left out."""
    known = _by_name(project, _named_fields(project))
    found = [known.get(name) or _unlisted(name) for name in dict.fromkeys(names)]
    picked = [column for column in found if column is not None][:MOST_COLUMNS]
    return picked or [known[name] for name in usual(project) if name in known]


def fields_of(project: Project) -> list[tuple[str, str, str]]:
    """Fields of the payload as (name, title, type): those of the schema first, then others that the first items have."""
    named = _named_fields(project)
    known = {name for name, _, _ in named} | {
        name for name, field in _all(project) if field.get("type") == "hidden"
    }
    return [*named, *((name, name, "text") for name in _other_fields(project) if name not in known)][
        :MOST_FIELDS
    ]


def _named_fields(project: Project) -> list[tuple[str, str, str]]:
    return [
        (name, field.get("title") or name, field.get("type", "text")) for name, field in _of_schema(project)
    ]


def _of_schema(project: Project) -> list[tuple[str, dict[str, Any]]]:
    return [(name, field) for name, field in _all(project) if field.get("type") != "hidden"]


def _all(project: Project) -> list[tuple[str, dict[str, Any]]]:
    return [(field["name"], field) for field in project.schema.fields] if project.schema else []


def _other_fields(project: Project) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_KEYS, [project.pk, LOOKED_AT, MOST_FIELDS])
        return [name for (name,) in cursor.fetchall()]


def _field(name: str, title: str, kind: str) -> Column:
    shown = kind if kind in {"image", "number"} else "text"
    return Column(f"meta.{name}", title, shown, PAYLOAD, lambda known, item: known.preview(item, name))


def _unlisted(name: str) -> Column | None:
    """A field that none of the first items has."""
    field = name.removeprefix("meta.")
    return _field(field, field, "text") if name.startswith("meta.") and field else None


def _by_question(project: Project) -> Iterable[Column]:
    for question in project.schema.questions if project.schema else ():
        yield from _of_question(question["name"], question["title"])


def _of_question(name: str, title: str) -> Iterable[Column]:
    group = "Consensus"
    yield Column(
        f"consensus.{name}", title, "said", group, lambda known, item: known.consensus_said(item, name)
    )
    yield Column(
        f"confidence.{name}",
        f"{title}: confidence",
        "share",
        group,
        lambda known, item: known.confidence(item, name),
    )
    yield Column(
        f"agreement.{name}",
        f"{title}: agreement",
        "agreement",
        group,
        lambda known, item: known.unanimous(item, name),
    )
