"""A search that somebody waits for ends in time, and says what made it slow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from annotation.errors import InvalidInput

LONGEST_SEARCH = "5s"


@contextmanager
def time_limit(limit: str = LONGEST_SEARCH) -> Iterator[None]:
    """Stop a query that somebody is waiting for in vain. Raises InvalidInput."""
    with (
        _told("This search takes too long; narrow it by a state, a dataset or more words."),
        transaction.atomic(),
    ):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
        yield
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")


@contextmanager
def blamed(text: str) -> Iterator[None]:
    """Name what was being looked for when time was up."""
    with _told(
        f"This search takes too long because of “{text[:200]}”, for which no index helps; add a condition that few items"
        " pass, such as a state, a dataset, a tag or words of the text."
    ):
        yield


@contextmanager
def _told(message: str) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise InvalidInput(message) from error
