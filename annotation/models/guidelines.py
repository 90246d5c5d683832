"""What changed in a project's guidelines, and who has seen it."""

from __future__ import annotations

from django.db import models

from annotation.models.audit import APPEND_ONLY
from annotation.models.people import User


class GuidelinesChange(models.Model):
    """One change of the guidelines: the whole text before and after, and why, in the words of who made it."""

    project = models.ForeignKey(
        "annotation.Project", models.CASCADE, related_name="guidelines_changes", db_index=False
    )
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["project", "id"], name="guidelines_by_project")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"change {self.pk} of the guidelines of {self.project_id}"


class GuidelinesSeen(models.Model):
    """Up to which change a person has taken notice of a project's guidelines."""

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    change = models.ForeignKey(GuidelinesChange, models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "project"], name="guidelines_seen_once")]

    def __str__(self) -> str:
        return f"{self.user_id} has seen change {self.change_id}"
