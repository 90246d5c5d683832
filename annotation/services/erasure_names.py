"""A person's names where they stand as values among others: filters, messages to webhooks, what imports were told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson
import pgtrigger
from django.db import connection, models

from annotation.models import Annotation, BulkAction, Dataset, Delivery, Event, SavedView, Snapshot, User


@contextmanager
def passed_by(*rows: type[models.Model]) -> Iterator[None]:
    """Let rows be changed that a trigger keeps as they are. For erasing people and nothing else."""
    with pgtrigger.ignore(*(f"{model._meta.label}:append_only" for model in rows)):
        yield


@dataclass(frozen=True)
class Names:
    """What somebody was called, and what they are called from now on."""

    called: tuple[str, ...]
    number: str

    @classmethod
    def of(cls, user: User) -> Names:
        full = f"{user.first_name} {user.last_name}".strip()
        called = dict.fromkeys(name for name in (user.username, user.email, full, user.first_name) if name)
        return cls(tuple(called), _number(user))

    def tokens(self) -> Iterator[tuple[str, str]]:
        """Each name as JSON and filters write it, and as JSON that is inside JSON, with what takes its place."""
        number = orjson.dumps(self.number).decode()
        for name in self.called:
            token = orjson.dumps(name).decode()
            yield token, number
            yield orjson.dumps(token).decode()[1:-1], orjson.dumps(number).decode()[1:-1]


def _number(user: User) -> str:
    wanted = f"person-{user.pk}"
    if user.username.startswith(wanted) and user.erased_at:
        return user.username
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    return next(
        name for name in names if not User.objects.filter(username__iexact=name).exclude(pk=user.pk).exists()
    )


# Columns that hold names as values, as JSON or as filters.
_COLUMNS: tuple[tuple[type[Any], str, str], ...] = (
    (SavedView, "where", "text"),
    (BulkAction, "where", "text"),
    (BulkAction, "parameters", "jsonb"),
    (Snapshot, "where", "text"),
    (Snapshot, "manifest", "jsonb"),
    (Dataset, "options", "jsonb"),
    (Dataset, "report", "jsonb"),
    (Event, "data", "jsonb"),
    (Delivery, "data", "jsonb"),
)


def replace_names(user: User, names: Names) -> None:
    for model, column, kind in _COLUMNS:
        replace_in(model._meta.db_table, column, kind, names)
    with passed_by(Annotation):
        replace_in("annotation_annotation", "kept", "jsonb", names, also=f"annotator_id = {int(user.pk)}")


def replace_in(table: str, column: str, kind: str, names: Names, *, also: str = "true") -> None:
    """In every row of a table that has one of the names in this column."""
    held, changed, params = f'"{column}"::text', f'"{column}"::text', list[str]()
    for token, number in names.tokens():
        changed = f"replace({changed}, %s, %s)"
        params += [token, number]
    if kind == "text":
        # In filters a name of one word needs no quotation marks.
        for name in names.called:
            changed = f"regexp_replace({changed}, %s, %s, 'g')"
            params += [rf"(=)\s*{re.escape(name)}(?![\w.@+-])", rf'\1 "{names.number}"']
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE {table} SET "{column}" = ({changed})::{kind} '  # noqa: S608 - names only
            f"WHERE {also} AND {held} LIKE ANY(%s::text[])",
            [*params, [f"%{_like(name)}%" for name in names.called]],
        )


def _like(name: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", orjson.dumps(name).decode()[1:-1])
