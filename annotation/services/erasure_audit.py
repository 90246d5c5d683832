"""The one place that rewrites what is otherwise only ever added to: the audit trail and reasons, for somebody who is forgotten.

That something was done, when, and by whose number stays; names, addresses and words go.
"""

from __future__ import annotations

from typing import Any

import pghistory
from django.apps import apps
from django.db import connection, models

from annotation.models import User
from annotation.services.erasure_names import Names, passed_by, replace_in


def events() -> list[Any]:
    return [model for model in apps.get_models() if issubclass(model, pghistory.models.Event)]


def forget_in_audit(user: User, names: Names) -> None:
    """Where they acted, and what was recorded of them and of their words."""
    with passed_by(*events()):
        for event in events():
            table = event._meta.db_table
            _execute(
                f"UPDATE {table} SET pgh_context = pgh_context - 'address' "  # noqa: S608 - names only
                "WHERE pgh_context @> jsonb_build_object('user', %s::bigint) AND pgh_context->>'address' IS NOT NULL",
                [user.pk],
            )
            for field in event._meta.concrete_fields:
                if isinstance(field, models.JSONField) and not field.name.startswith("pgh_"):
                    replace_in(table, field.attname, "jsonb", names)
                elif field.name == "where":
                    replace_in(table, field.attname, "text", names)
        _execute(f"UPDATE annotation_userevent SET {_blank(user)} WHERE pgh_obj_id = %s", [user.pk])  # noqa: S608
        _execute("UPDATE annotation_flagevent SET reason = '' WHERE author_id = %s", [user.pk])
        _execute("UPDATE annotation_membershipevent SET paused_reason = '' WHERE user_id = %s", [user.pk])


def _blank(user: User) -> str:
    """Every column of the person's own history as the account is now."""
    event: Any = next(model for model in events() if model.pgh_tracked_model is User)
    columns = [field.column for field in event._meta.concrete_fields if not field.name.startswith("pgh_")]
    now = f"FROM annotation_user u WHERE u.id = {int(user.pk)}"
    return ", ".join(f'"{name}" = (SELECT u."{name}" {now})' for name in columns)


def _execute(statement: str, params: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
