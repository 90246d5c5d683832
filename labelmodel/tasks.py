"""Celery tasks of this layer: ids in, nothing out, safe to run twice."""

from __future__ import annotations

from celery import shared_task

from annotation.services import consensus
from labelmodel.services import refresh


@shared_task
def sweep() -> None:
    """Find projects with items whose votes have changed."""
    for project_id in consensus.due_projects():
        refresh_consensus.delay(project_id)


@shared_task
def refresh_consensus(project_id: int) -> None:
    """Bring a project's consensus up to date."""
    refresh.refresh(project_id=project_id)
