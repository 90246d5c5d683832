"""What people do with many items at once: tags, saved views, bulk actions."""

from __future__ import annotations

from django.db import models

from annotation.models.audit import audited
from annotation.models.job import MOVES, Job, pending_index


@audited()
class Tag(models.Model):
    """A word by which a team finds items again."""

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="tags")
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="tag_name_once")]

    def __str__(self) -> str:
        return self.name


class ItemTag(models.Model):
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey("annotation.Item", models.CASCADE, related_name="tags", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "item"], name="one_tag_per_item")]
        indexes = [models.Index(fields=["item"], name="tags_of_item")]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.tag_id}"


@audited()
class SavedView(models.Model):
    """A filter of the data table and its columns, under a name, for everybody in the project."""

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="views")
    name = models.CharField(max_length=80)
    where = models.TextField(blank=True)
    # Names of columns in their order; empty for the usual ones.
    columns = models.JSONField(default=list)
    created_by = models.ForeignKey("annotation.User", models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="view_name_once")]

    def __str__(self) -> str:
        return self.name


@audited(exclude=[*MOVES, "cursor"])
class BulkAction(Job):
    """One action on all items that match a filter. Done in the order of ids, behind `cursor` nothing is left to do."""

    class Action(models.TextChoices):
        REQUEUE = "requeue", "Ask again"
        ASSIGN = "assign", "Assign"
        UNASSIGN = "unassign", "Take assignments back"
        RETIRE = "retire", "Retire"
        TAG = "tag", "Tag"
        UNTAG = "untag", "Remove a tag"

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="bulk_actions")
    action = models.CharField(max_length=8, choices=Action.choices)
    where = models.TextField(blank=True)
    # Single items instead of a filter.
    items = models.JSONField(default=list)
    # {people: [username], tag}
    parameters = models.JSONField(default=dict)
    cursor = models.BigIntegerField(default=0)
    # No item behind this one existed when it was asked for.
    last = models.BigIntegerField(default=0)
    # How many items were changed; the others were so already or could not be.
    changed = models.BigIntegerField(default=0)
    # {reason: how many items were left as they were for it}
    left = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [pending_index("bulk_pending")]

    def __str__(self) -> str:
        return f"{self.action} in {self.project_id}"
