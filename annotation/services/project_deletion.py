"""Delete an archived project: its items in batches, then all the rest, then the files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pghistory
import pgtrigger
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models, transaction

from annotation.models import Item, Project, ProjectFile
from annotation.services import jobs
from annotation.services.deletion import delete_items, dependants
from annotation.services.jobs import Beat
from annotation.services.pulse import kept_alive

BATCH = 2_000


def delete(job: ProjectFile, beat: Beat) -> None:
    """Carry a deletion through. Safe to run again wherever it stopped."""
    project_id = job.project_id
    if project_id is None:
        # Everything but the files was gone when the last worker stopped; leftovers are found by themselves.
        return
    with kept_alive(job), pghistory.context(user=job.created_by_id):
        beat(total=Item.objects.filter(project=project_id).count() + job.done)
        after = 0
        while last := _delete_items(project_id, after):
            after = last
            beat(done=job.done + BATCH)
        files = list(_files(project_id))
        _delete_project(job, project_id)
    for name in files:
        default_storage.delete(name)


@transaction.atomic
def _delete_items(project_id: int, after: int) -> int | None:
    found = Item.objects.filter(project=project_id, pk__gt=after).order_by("pk")
    ids = list(found.values_list("pk", flat=True)[:BATCH])
    with everything_may_go():
        delete_items(ids)
        _forget_events(ids)
    return ids[-1] if ids else None


@transaction.atomic
def _delete_project(job: ProjectFile, project_id: int) -> None:
    with everything_may_go(), connection.cursor() as cursor:
        for statement in dependants(Project, "= %s", skip=frozenset({ProjectFile})):
            cursor.execute(statement, [project_id])
        for model in _events():
            if any(field.column == "project_id" for field in model._meta.concrete_fields):
                table = model._meta.db_table
                cursor.execute(f"DELETE FROM {table} WHERE project_id = %s", [project_id])  # noqa: S608
        ProjectFile.objects.filter(project=project_id).update(project=None)
    # Its own row goes by the ordinary way: that it was deleted, when and by whom is what the audit trail keeps.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM annotation_project WHERE id = %s", [project_id])
    jobs.finished(job, project=None)


def _files(project_id: int) -> Iterator[str]:
    """What the storage holds for it, by whatever model says so; files of the project itself stay."""
    for model in apps.get_models():
        names = [field.name for field in model._meta.concrete_fields if isinstance(field, models.FileField)]
        recorded = issubclass(model, pghistory.models.Event)
        if not names or recorded or model is ProjectFile or not hasattr(model, "project_id"):
            continue
        for name in names:
            stored = model._default_manager.filter(project_id=project_id).exclude(**{name: ""})
            yield from stored.order_by().values_list(name, flat=True).distinct()


def _events() -> list[Any]:
    """The tables that the audit trail of the project's parts is kept in; those of the project and of its files stay."""
    stay = {Project, ProjectFile}
    found = [model for model in apps.get_models() if issubclass(model, pghistory.models.Event)]
    return [model for model in found if model.pgh_tracked_model not in stay]


def _forget_events(ids: list[int]) -> None:
    """What was recorded of these items and of what hangs on them holds their content too."""
    with connection.cursor() as cursor:
        for event in _events():
            column = "pgh_obj_id" if event.pgh_tracked_model is Item else "item_id"
            if any(field.column == column for field in event._meta.concrete_fields):
                cursor.execute(f"DELETE FROM {event._meta.db_table} WHERE {column} = ANY(%s)", [ids])  # noqa: S608


@contextmanager
def everything_may_go() -> Iterator[None]:
    """Append-only rows too, and without a record of each of a million rows."""
    names = {"append_only", "delete_delete", "update_update"}
    registered: list[Any] = list(pgtrigger.registered())
    passed = [
        f"{model._meta.label}:{trigger.name}"
        for model, trigger in registered
        if trigger.name in names and model not in {Project, ProjectFile}
    ]
    with pgtrigger.ignore(*passed):
        yield
