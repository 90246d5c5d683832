"""What a person has answered: the labeling page's history."""

from __future__ import annotations

from typing import Any

from annotation.models import Annotation, Project, User


def my_annotations(
    *, annotator: User, project: Project, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """The person's current answers in a project, latest first, each with its item and lease."""
    found = Annotation.objects.filter(project=project, annotator=annotator, current_for__isnull=False)
    if before is not None:
        found = found.filter(pk__lt=before)
    found = found.select_related("item", "schema", "current_for").order_by("-pk")[:limit]
    return [
        {
            "annotation": annotation.pk,
            "lease": annotation.current_for.pk,
            "item": {
                "id": annotation.item_id,
                "key": annotation.item.key,
                "payload": annotation.item.payload,
            },
            "answer": annotation.answer,
            "schema": annotation.schema.version,
            "created_at": annotation.created_at,
        }
        for annotation in found
    ]
