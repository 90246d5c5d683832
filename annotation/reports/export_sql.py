"""The statement behind an export: one COPY whose rows are pieces of the lines to send, made ready by PostgreSQL.

Making JSON and CSV in the database and only joining bytes here is several times faster than fetching values. What a
schema says about answers stays in Python: answers come beside their pieces, as they were given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Format = Literal["jsonl", "csv"]
Per = Literal["annotation", "item"]

REVISIONS = """CASE WHEN a.supersedes_id IS NULL THEN 0 ELSE (SELECT count(*) - 1 FROM annotation_annotation r
    WHERE r.item_id = a.item_id AND r.annotator_id = a.annotator_id) END"""

# False for answers that were set aside, because they were given by somebody who was below the bar.
COUNTS = "NOT EXISTS (SELECT FROM annotation_lease l WHERE l.annotation_id = a.id AND l.state = 'set_aside')"

# Name in the file: SQL expression; the kind says how it is written (text is quoted, raw is not, json is JSON already, data is
# JSON or nothing).
ITEM = {
    "item_id": ("i.id", "raw"),
    "key": ("i.key", "text"),
    "dataset": ("d.name", "text"),
    "state": ("i.state", "text"),
}
ANNOTATION = {
    "annotation_id": ("a.id", "raw"),
    "annotator": ("u.username", "text"),
    "origin": ("a.origin", "text"),
    "schema_version": ("s.version", "raw"),
    "seconds": ("a.seconds", "raw"),
    "created_at": ("a.created_at", "time"),
    "revisions": (REVISIONS, "raw"),
    "counts": (COUNTS, "raw"),
    "suggested": ("a.suggested", "data"),
    "followed": ("a.followed", "raw"),
}

# What the answers to an item amount to, as a JSON object by question. Names of questions and methods need no escapes; the
# index of (item, question) gives the order.
_AGREED = """'{' || string_agg(
    '"' || c.question || '":{"value":' || coalesce(c.value::text, 'null') || ',"confidence":' || c.confidence
    || ',"status":"' || c.status || '","method":"' || c.method || '","votes":' || c.votes || '}', ',') || '}'"""
_TOLD = "c.question = ANY(%(questions)s) AND (%(gold)s OR c.status <> 'known')"
# Item by item, for few; for all of them read along with the answers in the same order: a third less.
_OF_ITEM = f"(SELECT {_AGREED} FROM annotation_consensus c WHERE c.item_id = i.id AND {_TOLD})"  # noqa: S608
_OF_ALL = f"""LEFT JOIN (
    SELECT c.item_id, {_AGREED} AS said FROM annotation_consensus c
    WHERE c.project_id = %(project)s AND {_TOLD}
      AND c.item_id >= (SELECT min(id) FROM annotation_item WHERE project_id = %(project)s)
      AND c.item_id <= (SELECT max(id) FROM annotation_item WHERE project_id = %(project)s)
    GROUP BY c.item_id
) agreed ON agreed.item_id = a.item_id"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export. `safe` makes CSV harmless to open in a spreadsheet; `limit` is for previews; `gold` whether the
    known answers of gold questions may be told."""

    project: int
    format: Format = "jsonl"
    per: Per = "annotation"
    # Of which items, as `filtering.sql` writes it; without, of all.
    items: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    annotator: int | None = None
    since: datetime | None = None
    safe: bool = False
    limit: int | None = None
    gold: bool = False
    # Whether answers may have been set aside; where nobody ever was below the bar, no row is looked up for it.
    doubted: bool = True
    # Whether anything was ever suggested.
    suggested: bool = True


def condition(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """Which annotations: those that stand and pass the filters."""
    where = [
        "a.project_id = %(project)s",
        "NOT EXISTS (SELECT FROM annotation_annotation n WHERE n.supersedes_id = a.id)",
    ]
    if wanted.items:
        where.append(f"a.item_id IN ({wanted.items})")
    if wanted.annotator is not None:
        where.append("a.annotator_id = %(annotator)s")
    if wanted.since is not None:
        where.append("a.created_at >= %(since)s")
    own = {name: getattr(wanted, name) for name in ("project", "annotator", "since")}
    return " AND ".join(where), {**own, **wanted.values}


def statement(wanted: Wanted, fields: Sequence[str], questions: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Columns: what is written before the answer, the schema's id, the answer. Items and their consensus on `questions` in
    front when they are grouped: there these columns are empty for all answers to an item but the first."""
    where, params = condition(wanted)
    params |= {"questions": list(questions), "gold": wanted.gold}
    item, own = _item(wanted, fields, params), _annotation(wanted)
    if wanted.per == "item":
        again = "lag(a.item_id) OVER (ORDER BY a.item_id, a.id) = a.item_id"
        consensus = f"coalesce({'agreed.said' if _is_whole(wanted) else _OF_ITEM}, '{{}}')"
        first = ", ".join(f"CASE WHEN {again} THEN '' ELSE {column} END" for column in (item, consensus))
        columns, order = f"{first}, {own}", "a.item_id, a.id"
    else:
        columns, order = f"{item} || {own}", "a.created_at, a.id"
    text = f"""
SELECT {columns}, a.schema_id, a.answer::text
FROM annotation_annotation a
JOIN annotation_item i ON i.id = a.item_id
JOIN annotation_user u ON u.id = a.annotator_id
JOIN annotation_schema s ON s.id = a.schema_id
LEFT JOIN annotation_dataset d ON d.id = i.dataset_id
{_OF_ALL if wanted.per == "item" and _is_whole(wanted) else ""}
WHERE {where} ORDER BY {order}"""  # noqa: S608
    return text + (f" LIMIT {int(wanted.limit)}" if wanted.limit is not None else ""), params


def _is_whole(wanted: Wanted) -> bool:
    """Whether most of the project's items are wanted."""
    return not (wanted.items or wanted.annotator or wanted.since or wanted.limit)


def count_statement(wanted: Wanted, most: int) -> tuple[str, dict[str, Any]]:
    """How many rows the file will have, counted no further than `most`."""
    where, params = condition(wanted)
    answers = f"SELECT a.item_id FROM annotation_annotation a WHERE {where}"  # noqa: S608
    if wanted.per == "item":
        answers = f"SELECT DISTINCT item_id FROM ({answers} LIMIT {4 * int(most)}) answers"  # noqa: S608
    return f"SELECT count(*) FROM ({answers} LIMIT {int(most)}) counted", params  # noqa: S608


def _item(wanted: Wanted, fields: Sequence[str], params: dict[str, Any]) -> str:
    if wanted.format == "jsonl":
        return _json("{", {**ITEM, "payload": ("i.payload", "json")})
    columns = dict(ITEM)
    for number, name in enumerate(fields):
        params[f"field_{number}"] = name
        columns[f"payload.{name}"] = (f"i.payload ->> %(field_{number})s", "text")
    if not fields:
        columns["payload"] = ("i.payload", "text")
    return _csv(columns, wanted.safe)


def _annotation(wanted: Wanted) -> str:
    columns = dict(ANNOTATION)
    if not wanted.doubted:
        columns["counts"] = ("true", "raw")
    if not wanted.suggested:
        columns |= {"suggested": ("NULL", "raw"), "followed": ("NULL", "raw")}
    if wanted.format == "jsonl" or wanted.per == "item":
        return _json("{" if wanted.per == "item" else "", columns)
    return _csv(columns, wanted.safe)


_JSON = {
    "raw": "coalesce(({0})::text, 'null')",
    "text": "coalesce(to_json({0})::text, 'null')",
    "json": "{0}",
    "data": "coalesce({0}::text, 'null')",
    "time": "to_json({0})",
}


def _json(start: str, columns: dict[str, tuple[str, str]]) -> str:
    """`start` and the pairs, each followed by a comma, for more is to come."""
    pairs = "".join(f'"{name}":%%s,' for name in columns)
    values = ", ".join(_JSON[kind].format(expression) for expression, kind in columns.values())
    return f"format('{start}{pairs}', {values})"


def _csv(columns: dict[str, tuple[str, str]], safe: bool) -> str:
    """The cells, each followed by a comma. Texts are always quoted; an empty cell without quotes is no value."""
    cells = "%%s," * len(columns)
    values = ", ".join(_cell(expression, kind, safe) for expression, kind in columns.values())
    return f"format('{cells}', {values})"


def _cell(expression: str, kind: str, safe: bool) -> str:
    if kind == "time":
        return f"trim(both '\"' from to_json({expression})::text)"
    if kind == "raw":
        return f"({expression})::text"
    text = f"({expression})::text"
    if safe:
        text = f"CASE WHEN {text} ~ '^[-=+@\\t\\r]' THEN '''' || {text} ELSE {text} END"
    return f"""'"' || replace({text}, '"', '""') || '"'"""
