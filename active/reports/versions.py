"""Model versions: which one is in use, why the others are not, and how good each is."""

from __future__ import annotations

from active.models import ModelVersion
from active.services import registry
from annotation.models import Project


def listed(*, project: Project, before: int | None = None, limit: int = 50) -> list[ModelVersion]:
    """Latest first, those with smaller numbers than `before`."""
    rows = ModelVersion.objects.filter(project=project).select_related("schema", "encoder", "promoted_by")
    if before is not None:
        rows = rows.filter(version__lt=before)
    return list(rows.order_by("-version")[:limit])


def one(*, project: Project, version: int) -> ModelVersion:
    """Raises NotFound."""
    found = registry.model_of(project=project, version=version)
    return ModelVersion.objects.select_related("schema", "encoder", "promoted_by").get(pk=found.pk)
