"""Predictions about items that are there already, as programs send them: one for each row, by key or id of the item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from annotation.errors import Conflict
from annotation.importing.records import Refused
from annotation.models import Project, User
from annotation.roles import Action
from annotation.services import hot, push_predictions
from annotation.services import pushes_sql as sql
from annotation.services.access import check
from annotation.services.push_predictions import Checker, Said, checker_for
from annotation.services.push_rows import Row
from annotation.services.pushes import check_count, check_open

# What the list of predictions tells of each besides: rows that were read can be sent back as they are.
_TOLD = ("id", "kind", "schema", "created_at")
_LARGEST_ID = 2**63 - 1


def push(*, project: Project, by: User, rows: Sequence[Any]) -> list[Row]:
    """Take rows of {key or item, question, value or distribution, confidence?, source, version}; what becomes of each.

    Sending the same rows again changes nothing. Raises NotAllowed, NotFound, Conflict, and TooLarge for too many rows.
    """
    check(user=by, project=project, action=Action.IMPORT)
    check_open(project)
    check_count(len(rows))
    if project.schema_id is None:
        raise Conflict("The project has no questions yet; publish a schema first.")
    checker = checker_for(project, ignored=("key", "item", *_TOLD))
    found = [_read(number, raw, checker) for number, raw in enumerate(rows, 1)]
    with transaction.atomic():
        _place(project, found)
        sound = [row for row in found if not row.result]
        said = [(row.id, row.predictions[0]) for row in sound if row.id is not None]
        kept = push_predictions.keep(project=project, said=said)
    for row in sound:
        row.result = kept.get((row.id or 0, row.predictions[0].place), "")
        if not row.result:
            row.refuse("The item has just been removed.", "key")
    return found


def _read(number: int, raw: Any, checker: Checker) -> Row:
    row = Row(number)
    if isinstance(raw, Refused):
        row.refuse(raw.message)
        return row
    said = checker.check(raw)
    if isinstance(said, Said):
        row.predictions.append(said)
    else:
        row.result, row.errors = "refused", said
    if isinstance(raw, dict):
        _read_item(row, raw)
    return row


def _read_item(row: Row, raw: dict[str, Any]) -> None:
    key, item = raw.get("key"), raw.get("item")
    if item is not None:
        if type(item) is int and 0 < item <= _LARGEST_ID:
            row.id = item
        else:
            row.refuse("The item is the number that the project's list of items gives.", "item")
    elif key is None or isinstance(key, bool) or not isinstance(key, str | int | float):
        row.refuse("Name the item by its key or by its id (item).", "key")
    row.key = None if key is None else str(key).strip().replace("\0", "")


def _place(project: Project, rows: Sequence[Row]) -> None:
    """Which items these rows are about."""
    keys = list({row.key for row in rows if row.id is None and row.key})
    ids = list({row.id for row in rows if row.id is not None})
    scope = {"project": project.pk}
    by_key = {found.key: found.id for found in hot.rows(sql.BY_KEY, {**scope, "keys": keys})} if keys else {}
    by_id = {found.id: found.key for found in hot.rows(sql.BY_ID, {**scope, "items": ids})} if ids else {}
    for row in rows:
        if row.id is None:
            row.id = by_key.get(row.key)
            missing = row.id is None
        else:
            missing = row.id not in by_id or (row.key is not None and by_id[row.id] != row.key)
            row.key = by_id.get(row.id, row.key)
        if missing and not row.result:
            row.refuse("The project has no such item. Send items first, to items/.", "key")
