"""Rows that go together with what hangs on them, by set-based statements that read the models: layers above need say nothing.

Foreign keys are checked when the transaction ends, so the order of statements within it does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from django.db import connection, models

from annotation.models import Item

_DELETED = (models.CASCADE, models.PROTECT)


def delete_items(ids: Sequence[int]) -> None:
    """Delete items and everything that is about them. The caller holds their locks, and says when triggers are to be passed by."""
    if not ids:
        return
    with connection.cursor() as cursor:
        for statement in _about_items():
            cursor.execute(statement, [list(ids)])
        cursor.execute("DELETE FROM annotation_item WHERE id = ANY(%s)", [list(ids)])


@cache
def _about_items() -> tuple[str, ...]:
    return tuple(dependants(Item, "= ANY(%s)", skip=frozenset()))


def dependants(
    model: type[models.Model], chosen: str, *, skip: frozenset[type[models.Model]]
) -> Iterator[str]:
    """Statements that take away what refers to rows of `model` whose key is as `chosen` says, farthest first.

    The parameter of `chosen` is by position, once in each. What refers to it in several ways is found by the nearest. Models in `skip` and what hangs on them are left alone.
    """
    near = [relation for relation in references(model) if relation.related_model not in skip]
    known = skip | {model} | {relation.related_model for relation in near}
    for relation in near:
        child, column = relation.related_model, relation.field.column
        table = child._meta.db_table
        if relation.on_delete is models.SET_NULL:
            yield f"UPDATE {table} SET {column} = NULL WHERE {column} {chosen}"  # noqa: S608 - names only
            continue
        key = child._meta.pk.column
        own = f"IN (SELECT {key} FROM {table} WHERE {column} {chosen})"  # noqa: S608 - names only
        yield from dependants(child, own, skip=known)
        yield f"DELETE FROM {table} WHERE {column} {chosen}"  # noqa: S608 - names only


def references(model: type[models.Model]) -> list[Any]:
    """The foreign keys that name this model and mean something when a row of it goes."""
    fields = model._meta.get_fields(include_hidden=True)
    found = [field for field in fields if field.auto_created and not field.concrete and field.is_relation]
    meant = (*_DELETED, models.SET_NULL)
    return [relation for relation in found if getattr(relation, "on_delete", None) in meant]
