"""A connection of its own that sees one state of the database for as long as it is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from django.db import connection

Cursor = psycopg.ClientCursor[Any]
LONGEST = "6h"


@contextmanager
def frozen() -> Iterator[Cursor]:
    """A cursor that binds on this side, as COPY needs it. Nothing is written, and nobody is kept from writing."""
    own = connection.copy()
    own.connect()
    try:
        with psycopg.ClientCursor(cast("psycopg.Connection[Any]", own.connection)) as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [LONGEST])
            cursor.execute("SET LOCAL work_mem = '64MB'")
            yield cursor
    finally:
        own.close()
