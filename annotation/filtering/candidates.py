"""Ids that may pass, read from an index and handed on to the next query as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Candidates:
    """`ids` is an array as PostgreSQL writes it: to make numbers of them and text again would take longer than to find them.
    Some may be there twice; `low` and `high` are the ends."""

    count: int
    low: int
    high: int
    ids: str


def candidates(ids: QuerySet[Any, Any], most: int) -> Candidates:
    """The first `most` of a query of one column, `place`."""
    # What is cut already is not cut again: of several queries together, each would be.
    text, values = (ids if ids.query.is_sliced else ids[:most]).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), min(place), max(place), array_agg(place)::text FROM ({text}) found(place)",  # noqa: S608
            values,
        )
        count, low, high, found = cursor.fetchone()
    return Candidates(count, low or 0, high or 0, found or "{}")
