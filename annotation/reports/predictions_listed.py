"""Predictions of a project, page by page, in the order of an index: by kind, source, version, then item."""

from __future__ import annotations

import base64
from typing import Any

import orjson
from django.db import connection

from annotation.errors import Fault, InvalidInput
from annotation.models import Project
from annotation.models.prediction import SCORE

# With a place for the filters.
_PAGE = f"""
SELECT p.id, p.item_id AS item, i.key, p.question, p.kind, p.source, p.version, p.value::text AS value,
       {SCORE.format(p="p")} AS confidence,
       p.distribution::text AS distribution, s.version AS schema, p.created_at
FROM annotation_prediction p JOIN annotation_item i ON i.id = p.item_id JOIN annotation_schema s ON s.id = p.schema_id
WHERE p.project_id = %(project)s %(filters)s
ORDER BY p.kind, p.source, p.version, p.item_id, p.id LIMIT %(limit)s
"""  # noqa: S608 - names only
_BEHIND = "AND (p.kind, p.source, p.version, p.item_id, p.id) > (%(a0)s, %(a1)s, %(a2)s, %(a3)s, %(a4)s)"
_ORDER = ("kind", "source", "version", "item", "id")
_TYPES = (str, str, str, int, int)
_JSON = ("value", "distribution")


def listed(
    *, project: Project, filters: dict[str, Any], after: str, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """One page of those that equal all of `filters` (kind, source, version, question, item), and the cursor behind it; None
    when nothing follows. Raises InvalidInput for a cursor that is none."""
    columns = {"item": "item_id"}
    parts = [f"AND p.{columns.get(name, name)} = %({name})s" for name in filters]
    params: dict[str, Any] = {"project": project.pk, "limit": limit + 1, **filters}
    if after:
        parts.append(_BEHIND)
        params |= {f"a{place}": value for place, value in enumerate(_place(after))}
    with connection.cursor() as cursor:
        cursor.execute(_PAGE.replace("%(filters)s", " ".join(parts)), params)
        names = [column.name for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    following = _cursor(rows[limit - 1]) if len(rows) > limit else None
    for row in rows:
        row |= {name: orjson.Fragment(row[name]) for name in _JSON}
    return rows[:limit], following


def _cursor(row: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([row[name] for name in _ORDER])).decode().rstrip("=")


def _place(cursor: str) -> list[Any]:
    try:
        place = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        place = None
    whole = isinstance(place, list) and len(place) == len(_TYPES)
    if not whole or not all(type(value) is kind for value, kind in zip(place, _TYPES, strict=True)):
        message = "This is no cursor; take `next` of the page before."
        raise InvalidInput(message, faults=[Fault(("after",), message)])
    if any("\0" in value for value in place[:3]) or not all(0 <= value < 2**63 for value in place[3:]):
        raise InvalidInput("This is no cursor.", faults=[Fault(("after",), "This is no cursor.")])
    return list(place)
