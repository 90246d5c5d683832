"""Celery tasks of this layer: ids in, nothing out, safe to run twice."""

from __future__ import annotations

from celery import shared_task

from annotation.services import queue


@shared_task
def sweep() -> None:
    """Find what was missed or has run out: expired leases, imports that no worker holds."""
    queue.return_expired()
