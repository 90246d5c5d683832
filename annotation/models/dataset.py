"""Where items come from: imports, what they refused, and the files that items show."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Value
from django.utils import timezone

from annotation.models.audit import audited
from annotation.models.job import SILENT
from annotation.models.people import User


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def claimable(self) -> Self:
        """Waiting, or running under a worker that has fallen silent."""
        silent = models.Q(state=Dataset.State.RUNNING, heartbeat_at__lt=timezone.now() - SILENT)
        return self.filter(models.Q(state=Dataset.State.WAITING) | silent)


@audited(
    exclude=[
        "rows_read",
        "rows_imported",
        "rows_unchanged",
        "rows_rejected",
        "rows_alike",
        "rows_sampled_out",
        "answers_imported",
        "predictions_imported",
        "report",
        "bytes_read",
        "heartbeat_at",
        "attempts",
        "searchable",
    ]
)
class Dataset(models.Model):
    """One import, from upload to its last row. The row is the pending work: a worker claims it."""

    class State(models.TextChoices):
        DRAFT = "draft", "Uploaded; fields not confirmed yet"
        WAITING = "waiting", "Waiting for a worker"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=120)
    source_name = models.CharField(max_length=255)
    file = models.FileField(upload_to="imports/%Y/%m/", max_length=300, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    # {format, encoding, delimiter, key_field, mapping: {column: field or null}, ...} as imports.options reads it
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    rows_read = models.BigIntegerField(default=0)
    rows_imported = models.BigIntegerField(default=0)
    rows_unchanged = models.BigIntegerField(default=0)
    rows_rejected = models.BigIntegerField(default=0)
    # Near-duplicates of other items, whatever was done with them; rows that a bounded pool had no place for.
    rows_alike = models.BigIntegerField(default=0, db_default=0)
    rows_sampled_out = models.BigIntegerField(default=0, db_default=0)
    # People's answers and models' predictions that came with the rows.
    answers_imported = models.BigIntegerField(default=0, db_default=0)
    predictions_imported = models.BigIntegerField(default=0, db_default=0)
    # What else came, and what of that was refused: {answers_unchanged, skipped, kept: {type: count}, ...}, as
    # services/import_told.py counts it.
    report = models.JSONField(default=dict, db_default=Value({}, output_field=models.JSONField()))
    bytes_read = models.BigIntegerField(default=0)
    error = models.TextField(blank=True)
    # How often a worker took it up without committing a row since: a file that kills workers must not do so for ever.
    attempts = models.PositiveSmallIntegerField(default=0)
    # Whether the words of its items are in the search index.
    searchable = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)

    objects = DatasetQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["id"], name="dataset_pending", condition=models.Q(state__in=["waiting", "running"])
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_pending(self) -> bool:
        return self.state in {self.State.WAITING, self.State.RUNNING}


class Rejection(models.Model):
    """One row that an import refused, and why."""

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="rejections")
    row = models.BigIntegerField()  # counted from 1, the header not counted
    field = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=500)
    # The item that the row is nearly the same as; by now it may be gone.
    other = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["row", "id"]
        indexes = [models.Index(fields=["dataset", "row"], name="rejection_by_row")]

    def __str__(self) -> str:
        return f"row {self.row}: {self.message}"


class Media(models.Model):
    """A file that items show; an item names it, and it is served only to members."""

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="media")
    dataset = models.ForeignKey(Dataset, models.CASCADE, null=True, related_name="media")
    name = models.CharField(max_length=300)
    file = models.FileField(upload_to="media/%Y/%m/", max_length=300)
    content_type = models.CharField(max_length=60)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "media"
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="media_name_once")]

    def __str__(self) -> str:
        return self.name
