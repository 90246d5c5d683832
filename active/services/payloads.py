"""What encoders read: payloads of many items in bearable amounts, and the files that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import orjson
import psycopg
from django.db import connection

from active.services import copying, storage
from annotation.models import Media
from annotation.services.stored import FileLost

Ids = npt.NDArray[np.int64]
Payload = dict[str, Any]
# At once: rows, and bytes as PostgreSQL keeps them.
MOST_ROWS = 4096
MOST_BYTES = 8 * 2**20

ALL = "SELECT id FROM annotation_item WHERE project_id = %(project)s ORDER BY id"
_SIZES = "SELECT id, pg_column_size(payload)::int8 FROM annotation_item WHERE id = ANY(%(items)s) ORDER BY id"
# Microseconds, so that two moments are the same only where they are.
_CHANGE = "coalesce(extract(epoch FROM payload_changed_at) * 1000000, 0)::int8"
_PAYLOADS = f"SELECT id, payload::text, {_CHANGE} FROM annotation_item WHERE id = ANY(%(items)s) ORDER BY id"  # noqa: S608
_CHANGED = f"""
SELECT id, {_CHANGE} FROM annotation_item WHERE project_id = %(project)s AND payload_changed_at IS NOT NULL ORDER BY id
"""  # noqa: S608
_CHANGED_OF = f"""
SELECT id, {_CHANGE} FROM annotation_item WHERE id = ANY(%(items)s) AND payload_changed_at IS NOT NULL ORDER BY id
"""  # noqa: S608


@dataclass(frozen=True, eq=False)
class Part:
    """Items, ascending, what they say, and which change of the payload that is: microseconds since 1970, 0 for none."""

    items: Ids
    contents: list[Payload]
    changes: Ids


def ids_of(project_id: int) -> Ids:
    """All items of a project, ascending: those that are retired or gold questions, too."""
    return copying.ids(ALL, {"project": project_id})


def changed(project_id: int) -> tuple[Ids, Ids]:
    """The items of a project whose payload has ever changed, ascending, and the latest change of each."""
    items, changes = copying.columns(_CHANGED, {"project": project_id}, ["int8", "int8"])
    return items, changes


def changed_of(items: Ids) -> tuple[Ids, Ids]:
    """The same among these items."""
    found, changes = copying.columns(_CHANGED_OF, {"items": items.tolist()}, ["int8", "int8"])
    return found, changes


def of_items(items: Ids) -> Iterator[Part]:
    """Payloads in parts, ascending; items that have been deleted are left out."""
    found, sizes = copying.columns(_SIZES, {"items": items.tolist()}, ["int8", "int8"])
    for part in _parts(np.asarray(sizes, dtype=np.int64)):
        yield _read(np.asarray(found[part], dtype=np.int64))


def _parts(sizes: Ids) -> Iterator[slice]:
    ends = np.cumsum(sizes)
    first = 0
    while first < len(sizes):
        before = ends[first - 1] if first else 0
        fits = int(np.searchsorted(ends, before + MOST_BYTES, side="right"))
        last = max(first + 1, min(fits, first + MOST_ROWS))
        yield slice(first, last)
        first = last


def _read(items: Ids) -> Part:
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    numbers, payloads, changes = [], [], []
    with (
        connection.wrap_database_errors,
        psycopg.ClientCursor(raw) as cursor,
        cursor.copy(f"COPY ({_PAYLOADS}) TO STDOUT (FORMAT binary)", {"items": items.tolist()}) as copy,
    ):
        copy.set_types(["int8", "text", "int8"])
        for number, payload, change in copy.rows():
            numbers.append(number)
            changes.append(change)
            read = orjson.loads(payload)
            payloads.append(read if isinstance(read, dict) else {})
    return Part(np.array(numbers, dtype=np.int64), payloads, np.array(changes, dtype=np.int64))


class Files:
    """The files that payloads name, to be read from any thread: the database is asked beforehand, once for each part."""

    def __init__(self, project_id: int) -> None:
        self._project_id = project_id
        self._known: dict[str, str] = {}

    def know(self, payloads: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> None:
        """Find out where the files are that these fields name."""
        names = {value for one in payloads for field in fields if isinstance(value := one.get(field), str)}
        media = Media.objects.filter(
            project=self._project_id, name__in=[name for name in names if len(name) <= 300]
        )
        self._known = dict(media.values_list("name", "file"))

    def load(self, name: str) -> bytes | None:
        """The bytes of a file; None where the project has none of this name, or has lost it. Raises StorageFault."""
        try:
            return storage.read(self._known[name]) if name in self._known else None
        except FileLost:
            return None
