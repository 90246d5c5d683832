"""Celery tasks of this layer: ids in, nothing out, safe to run twice."""

from __future__ import annotations

from typing import Any, cast

from celery import shared_task

from annotation.services import consensus
from labelmodel.services import runs

# What the sweep sends is worthless when the next one has sent it again.
SWEPT_SECONDS = 10


@shared_task
def sweep() -> None:
    """Find projects with items whose votes have changed, and with runs that wait or have fallen behind."""
    for project_id in sorted({*consensus.due_projects(), *runs.due_projects()}):
        refresh_consensus.apply_async((project_id,), expires=SWEPT_SECONDS)


@shared_task
def refresh_consensus(project_id: int) -> None:
    """Bring a project's consensus up to date."""
    # Here and not above: web processes send this task, and need none of the numerical libraries.
    from labelmodel.services import refresh

    refresh.refresh(project_id=project_id)


def refresh_soon(project_id: int) -> None:
    """Work off what was just asked for without waiting for the sweep."""
    cast(Any, refresh_consensus).delay_on_commit(project_id)
