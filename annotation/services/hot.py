"""Prepared statements for the labeling loop: planned once per connection instead of at every call.

Django's own cursors interpolate parameters and plan each time; for the handful of statements that run hundreds of
times a second, that is most of their cost. Same connection, same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import psycopg
from django.db import connection
from psycopg.rows import namedtuple_row

Params = Mapping[str, Any]


def rows(statement: str, params: Params) -> list[Any]:
    """Run a prepared statement and return its rows as named tuples; JSON columns come as text."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        raw = cast("psycopg.Connection[Any]", connection.connection)
        with psycopg.Cursor(raw, row_factory=namedtuple_row) as cursor:
            cursor.execute(statement.encode(), params, prepare=True)
            # Not cursor.description, which describes every column anew: a tenth of what the web process does.
            return cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []


def row(statement: str, params: Params) -> Any | None:
    """The first row, or None."""
    found = rows(statement, params)
    return found[0] if found else None


def one(statement: str, params: Params) -> Any:
    """The row that must be there."""
    found = rows(statement, params)
    assert found, "a statement that must return a row returned none"
    return found[0]
