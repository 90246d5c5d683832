"""Locks of the database connection: they end with the worker, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended(%s, %s))"


@contextmanager
def alone(what: str, number: int) -> Iterator[bool]:
    """Whether nobody else does this now; held until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, %s))", [what, number])
        if cursor.fetchone() != (True,):
            yield False
            return
        try:
            yield True
        finally:
            cursor.execute(_UNLOCK, [what, number])


@contextmanager
def waited_for(what: str, number: int) -> Iterator[None]:
    """Nobody else does this until the block ends; whoever comes meanwhile waits. May be nested."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, %s))", [what, number])
        try:
            yield
        finally:
            cursor.execute(_UNLOCK, [what, number])
