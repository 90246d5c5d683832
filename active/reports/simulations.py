"""Simulations of a project, latest first."""

from __future__ import annotations

from active.models import Simulation
from annotation.models import Project


def listed(*, project: Project, before: int | None = None, limit: int = 50) -> list[Simulation]:
    rows = Simulation.objects.filter(project=project).select_related("requested_by")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:limit])
