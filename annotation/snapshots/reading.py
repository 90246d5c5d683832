"""One consistent state of the database, read by COPY straight into Arrow tables.

On a connection of its own and in a thread of its own: while PostgreSQL works, the worker works on what came before, and says
that it is alive. When the process dies the state is gone with the connection, so whoever goes on begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg
import pyarrow as pa

# Not its DB-API, which loads pandas and polars where they are installed: 70 MB.
from adbc_driver_manager import AdbcConnection, AdbcStatement
from adbc_driver_postgresql import connect
from django.db import DatabaseError, OperationalError, connection

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

    def __init__(self, own: AdbcConnection, thread: ThreadPoolExecutor, alive: Alive) -> None:
        self._own, self._thread, self.alive = own, thread, alive
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
        with closing(AdbcStatement(self._own)) as statement:
            statement.set_sql_query(sql)
            rows, _ = statement.execute_query()
            try:
                return pa.RecordBatchReader.from_stream(rows).read_all()
            except (pa.ArrowException, OSError) as error:
                # Of the database, not of a file.
                raise OperationalError(str(error)) from error


@contextmanager
def opened(alive: Alive) -> Iterator[State]:
    """A state of the database for as long as it is open. `alive` is called while the database is waited for."""
    with ThreadPoolExecutor(1, "snapshot") as thread:
        database = thread.submit(connect, _address()).result()
        own = thread.submit(AdbcConnection, database).result()
        try:
            for statement in _SETTINGS:
                thread.submit(_run, own, statement).result()
            state = State(own, thread, alive)
            [[backend]] = state.table("SELECT pg_backend_pid()").columns
            try:
                yield state
            finally:
                state.give_up(backend.as_py())
        finally:
            thread.submit(own.close).result()
            database.close()


def _run(own: AdbcConnection, sql: str) -> None:
    with closing(AdbcStatement(own)) as statement:
        statement.set_sql_query(sql)
        statement.execute_update()


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
