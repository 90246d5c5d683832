"""Which items are nearly the same, and the sketches by which that is found."""

from __future__ import annotations

from django.db import models


class Likeness(models.Model):
    """One band of an item's sketch: items that share one may be nearly the same."""

    project = models.ForeignKey(
        "annotation.Project", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    item = models.ForeignKey("annotation.Item", models.CASCADE, related_name="+", db_constraint=False)
    band = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["project", "band"], name="likeness_by_band", include=["item"])]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.band}"


class Alike(models.Model):
    """An item that is nearly the same as an earlier one."""

    item = models.OneToOneField("annotation.Item", models.CASCADE, related_name="alike")
    of = models.ForeignKey("annotation.Item", models.CASCADE, related_name="+")
    similarity = models.FloatField()

    def __str__(self) -> str:
        return f"{self.item_id} is like {self.of_id} ({self.similarity:.2f})"
