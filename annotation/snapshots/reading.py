"""One consistent state of the database, read by COPY straight into Arrow tables.

On a connection of its own and in a thread of its own: while PostgreSQL works, the worker works on what came before, and says
that it is alive. When the process dies the state is gone with the connection, so whoever goes on begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pyarrow as pa
from adbc_driver_postgresql import dbapi
from django.db import DatabaseError, connection

Alive = Callable[[], None]

LONGEST = "6h"
_SETTINGS = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    f"SET LOCAL statement_timeout = '{LONGEST}'",
    # Chunks are read in the order of an index; compiling pays for no statement that is over in milliseconds.
    "SET LOCAL jit = off",
    "SET LOCAL work_mem = '64MB'",
)


class State:
    """What the database was when it was opened."""

    def __init__(self, cursor: Any, thread: ThreadPoolExecutor, alive: Alive) -> None:
        self._cursor, self._thread, self.alive = cursor, thread, alive
        self._asked: list[Future[pa.Table]] = []

    def table(self, sql: str, params: Sequence[Any] | None = None) -> pa.Table:
        """The rows of a statement. `alive` is called while they are waited for."""
        return self.wait(self.soon(sql, params))

    def soon(self, sql: str, params: Sequence[Any] | None = None) -> Future[pa.Table]:
        """The same, without waiting; one statement after the other."""
        asked = self._thread.submit(self._fetch, literally(sql, params) if params else sql)
        self._asked = [*(one for one in self._asked if not one.done()), asked]
        return asked

    def wait(self, table: Future[pa.Table]) -> pa.Table:
        while True:
            try:
                return table.result(timeout=1)
            except StillWaiting:
                # Of the statement itself, were it to raise such a thing.
                if table.done():
                    raise
            self.alive()

    def give_up(self, backend: int) -> None:
        """Let go of what was asked for and has not come."""
        running = [one for one in self._asked if not one.cancel() and not one.done()]
        if running:
            # The driver's own way to cancel is not safe while another thread waits for the database.
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_cancel_backend(%s)", [backend])

    def _fetch(self, sql: str) -> pa.Table:
        self._cursor.execute(sql)
        return self._cursor.fetch_arrow_table()


@contextmanager
def opened(alive: Alive) -> Iterator[State]:
    """A state of the database for as long as it is open. `alive` is called while the database is waited for."""
    with ThreadPoolExecutor(1, "snapshot") as thread:
        own = thread.submit(dbapi.connect, _address(), autocommit=True).result()
        try:
            with own.cursor() as cursor:
                for statement in _SETTINGS:
                    thread.submit(cursor.execute, statement).result()
                state = State(cursor, thread, alive)
                [[backend]] = state.table("SELECT pg_backend_pid()").columns
                try:
                    yield state
                finally:
                    state.give_up(backend.as_py())
                    thread.submit(cursor.close).result()
        finally:
            thread.submit(own.close).result()


def literally(sql: str, params: Sequence[Any]) -> str:
    """The statement with its values in it: COPY takes no parameters."""
    connection.ensure_connection()
    return psycopg.ClientCursor(connection.connection).mogrify(sql, params)


def _address() -> str:
    """Where Django's connection leads, as libpq reads it."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    given = connection.get_connection_params()
    return psycopg.conninfo.make_conninfo(
        **{name: value for name, value in given.items() if name in known and value is not None}
    )
