"""Which items are nearly the same, and the sketches by which that is found."""

from __future__ import annotations

from django.db import models

from annotation.models.job import Job
from annotation.models.project import Project


class Likeness(models.Model):
    """An item's sketch (services/likeness.py). Written with the item, so its foreign keys are none of the database's, which
    would look each of them up; what is left of a deleted item is passed over."""

    item = models.OneToOneField(
        "annotation.Item", models.CASCADE, related_name="+", primary_key=True, db_constraint=False
    )
    project = models.ForeignKey(
        "annotation.Project", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    # From which fields it was made, and how: sketches of different recipes cannot be compared.
    recipe = models.IntegerField()
    # Empty where the item has nothing to sketch.
    sketch = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["project", "item"], name="likeness_by_item")]

    def __str__(self) -> str:
        return f"sketch of {self.item_id}"


class Alike(models.Model):
    """An item that is nearly the same as an earlier one."""

    item = models.OneToOneField("annotation.Item", models.CASCADE, related_name="alike")
    of = models.ForeignKey("annotation.Item", models.CASCADE, related_name="+")
    similarity = models.FloatField()

    def __str__(self) -> str:
        return f"{self.item_id} is like {self.of_id} ({self.similarity:.2f})"


class AlikeSearch(Job):
    """A look through all items of a project for those that are nearly the same; the last one of each project."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="alike_search", primary_key=True)
    threshold = models.FloatField()
    found = models.PositiveIntegerField(default=0)
    # Up to this item it has looked.
    cursor = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["project"],
                name="alike_search_pending",
                condition=models.Q(state__in=["waiting", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"look for near-duplicates in project {self.project_id}"
