"""Who changed what: the events that the database's own triggers recorded, newest first.

Rows of one kind are paged by (time, kind, id). Items and gold questions are told in groups: a statement that retires ten
thousand items is one event with a count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.db import connection

from annotation.errors import Fault, InvalidInput
from annotation.models import Item, Project, Schema, User
from annotation.reports.audit_words import PEOPLE, SENTENCES, Change, Names, Recorded, Sentence, tell

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# No later than the year 2500, and an id that fits.
_CURSOR = re.compile(r"(?P<at>[0-9]{1,16})\.(?P<kind>[a-z]+)\.(?P<id>[0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Source:
    """One event table: how its rows belong to a project and to an item, and which long columns are only compared."""

    table: str
    project: str = "e.project_id = %(project)s"
    item: str = ""
    digests: tuple[str, ...] = ()
    # What rows of one moment must have in common to be told as one event; empty: each is told by itself.
    group: str = ""
    # {name: SQL} of what else its sentence needs; {e} is the row.
    also: Mapping[str, str] = field(default_factory=dict)
    # What a list of kinds calls it, of a layer above.
    title: str = ""

    def as_json(self, alias: str) -> str:
        pairs = [f"'{column}', md5({alias}.{column}::text)" for column in self.digests]
        pairs += [f"'{name}', {sql.format(e=alias)}" for name, sql in self.also.items()]
        return f"to_jsonb({alias})" + (f" || jsonb_build_object({', '.join(pairs)})" if pairs else "")


_ALIKE = "e.pgh_context_id, e.pgh_label"
SOURCES: dict[str, Source] = {
    # What was asked for and how it ended; not each move of its worker.
    "bulk": Source(
        "annotation_bulkactionevent",
        project="e.project_id = %(project)s AND (e.pgh_label <> 'update' OR e.state NOT IN ('waiting', 'running'))",
        digests=("items",),
    ),
    "dataset": Source("annotation_datasetevent", digests=("options",)),
    # What was asked for and what was made; not each move of its worker.
    "file": Source(
        "annotation_projectfileevent",
        project="e.project_id = %(project)s AND (e.pgh_label <> 'update' OR e.state = 'done')",
        digests=("manifest",),
    ),
    "flag": Source(
        "annotation_flagevent",
        project="EXISTS (SELECT FROM annotation_item i WHERE i.id = e.item_id AND i.project_id = %(project)s)",
        item="e.item_id = %(item)s",
    ),
    "gold": Source("annotation_goldquestionevent", item="e.item_id = %(item)s", group=_ALIKE),
    "item": Source(
        "annotation_itemevent",
        item="e.pgh_obj_id = %(item)s",
        digests=("payload",),
        group=f"{_ALIKE}, e.state = 'retired'",
    ),
    "membership": Source("annotation_membershipevent"),
    "project": Source(
        "annotation_projectevent", project="e.pgh_obj_id = %(project)s", digests=("guidelines", "description")
    ),
    "schema": Source("annotation_schemaevent", digests=("fields", "questions", "mapping")),
    # As with bulk actions.
    "snapshot": Source(
        "annotation_snapshotevent",
        project="e.project_id = %(project)s AND (e.pgh_label <> 'update' OR e.state NOT IN ('waiting', 'running'))",
        digests=("options",),
    ),
    "tag": Source("annotation_tagevent"),
    "view": Source("annotation_savedviewevent"),
    "webhook": Source("annotation_webhookevent"),
}
KINDS = list(SOURCES)


def register(kind: str, source: Source, sentence: Sentence) -> None:
    """Tell of a table of a layer above, too. Harmless when repeated."""
    SOURCES[kind], SENTENCES[kind] = source, sentence
    if kind not in KINDS:
        KINDS.append(kind)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of some kinds, by one person, in a span of time; `after` is the cursor of the last one seen."""

    kinds: tuple[str, ...] = field(default_factory=lambda: tuple(KINDS))
    user_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Event:
    """One change in words. `user` is None where no request was behind it: a worker, a command, or plain SQL."""

    cursor: str
    kind: str
    action: str
    at: datetime
    user: User | None
    method: str
    url: str
    address: str
    text: str
    changes: tuple[Change, ...]
    count: int
    item_id: int | None


def project_events(*, project: Project, wanted: Wanted) -> list[Event]:
    """The project's changes, newest first; one more than `limit` when there are more."""
    return _events(wanted, {"project": project.pk}, by_item=False)


def item_events(*, item: Item, kinds: Iterable[str] = ("flag", "item"), limit: int = 200) -> list[Event]:
    """What was changed about one item, newest first."""
    wanted = Wanted(kinds=tuple(kinds), limit=limit)
    return _events(wanted, {"item": item.pk, "project": item.project_id}, by_item=True)


def _events(wanted: Wanted, scope: dict[str, Any], *, by_item: bool) -> list[Event]:
    params = {**scope, "user": wanted.user_id, "since": wanted.since, "until": wanted.until}
    at, kind, last = cursor_of(wanted.after) if wanted.after else (None, "", 0)
    params |= {"at": at, "last": last, "limit": wanted.limit + 1}
    parts = [
        _select(name, SOURCES[name], wanted, kind if at else None, by_item=by_item) for name in wanted.kinds
    ]
    statement = " UNION ALL ".join(parts) + " ORDER BY at DESC, kind DESC, id DESC LIMIT %(limit)s"
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        columns = [column.name for column in cursor.description or []]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return _told([_recorded(row) for row in rows], subject="it" if by_item else "")


def _select(kind: str, source: Source, wanted: Wanted, after_kind: str | None, *, by_item: bool) -> str:
    """The first events of one table, with the row before each; only constants and names go into the text."""
    where = [source.item if by_item else source.project]
    if wanted.user_id is not None:
        where.append("e.pgh_context @> jsonb_build_object('user', %(user)s::bigint)")
    if wanted.since:
        where.append("e.pgh_created_at >= %(since)s")
    if wanted.until:
        where.append("e.pgh_created_at < %(until)s")
    having = "true"
    if after_kind is not None:
        where.append(f"e.pgh_created_at {'<' if kind > after_kind else '<='} %(at)s")
        if kind == after_kind:
            having = "(e.pgh_created_at, max(e.pgh_id)) < (%(at)s, %(last)s)"
    group = source.group if source.group and not by_item else "e.pgh_id"
    return f"""(
SELECT '{kind}' AS kind, f.id, f.at, f.n, s.pgh_label AS label, s.pgh_context AS context,
       ({source.as_json("s")})::text AS row,
       (SELECT ({source.as_json("p")})::text FROM {source.table} p
        WHERE p.pgh_obj_id = s.pgh_obj_id AND p.pgh_id < s.pgh_id ORDER BY p.pgh_id DESC LIMIT 1) AS before
FROM (SELECT max(e.pgh_id) AS id, e.pgh_created_at AS at, count(*) AS n FROM {source.table} e
      WHERE {" AND ".join(where)} GROUP BY e.pgh_created_at, {group} HAVING {having}
      ORDER BY e.pgh_created_at DESC, max(e.pgh_id) DESC LIMIT %(limit)s) f
JOIN {source.table} s ON s.pgh_id = f.id)"""  # noqa: S608


def _recorded(row: dict[str, Any]) -> Recorded:
    context = row["context"] or {}
    context = orjson.loads(context) if isinstance(context, str) else context
    before = orjson.loads(row["before"]) if row["before"] else None
    return Recorded(
        row["kind"], row["id"], row["at"], row["n"], row["label"], context, orjson.loads(row["row"]), before
    )


def _told(recorded: list[Recorded], *, subject: str) -> list[Event]:
    names = _names(recorded, subject)
    return [_event(event, names) for event in recorded]


def _event(event: Recorded, names: Names) -> Event:
    text, changes = tell(event, names)
    item_id = event.row["id"] if event.kind == "item" else event.row.get("item_id")
    told_of_one = event.count == 1 and (event.kind, event.label) != ("item", "delete")
    return Event(
        cursor=f"{(event.at - _EPOCH) // _MICROSECOND}.{event.kind}.{event.id}",
        kind=event.kind,
        action=event.label,
        at=event.at,
        user=names.users.get(event.user_id or 0),
        method=str(event.context.get("method") or ""),
        url=str(event.context.get("url") or ""),
        address=str(event.context.get("address") or ""),
        text=text,
        changes=changes,
        count=event.count,
        item_id=item_id if told_of_one else None,
    )


def _names(recorded: list[Recorded], subject: str) -> Names:
    """The names behind the ids in these events, in one query for each kind of name."""
    rows = [row for event in recorded for row in (event.row, event.before) if row]

    def ids(*columns: str) -> set[int]:
        return {row[column] for row in rows for column in columns if isinstance(row.get(column), int)}

    actors = {event.user_id for event in recorded if event.user_id is not None}
    items = Item.objects.filter(pk__in=ids("item_id")).values_list("pk", "key")
    schemas = Schema.objects.filter(pk__in=ids("schema_id")).values_list("pk", "version")
    users = User.objects.in_bulk(actors | ids(*PEOPLE))
    return Names(users=users, items=dict(items), schemas=dict(schemas), subject=subject)


def cursor_of(text: str) -> tuple[datetime, str, int]:
    """Time, kind and id of the last event seen. Raises InvalidInput."""
    found = _CURSOR.fullmatch(text)
    if found is None or found["kind"] not in SOURCES:
        fault = Fault(("after",), "This is not a place in the history; follow the `next` of an earlier page.")
        raise InvalidInput("The request has faults; see errors.", faults=[fault])
    return _EPOCH + int(found["at"]) * _MICROSECOND, found["kind"], int(found["id"])
