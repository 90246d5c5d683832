"""What stays and what goes: bounded pools, projects as files, people who ask to be forgotten."""

from __future__ import annotations

from django.db import models

from annotation.models.audit import audited
from annotation.models.job import MOVES, Job, pending_index


@audited(exclude=["seen", "highest"])
class Reservoir(models.Model):
    """A pool of bounded size that is a uniform sample of all items that ever came.

    Each key has a place in [0, 1) by a hash with the seed; the pool keeps those with the lowest places, whatever their order
    of arrival (bottom-k sampling: Cohen & Kaplan, 2007).
    """

    project = models.OneToOneField("annotation.Project", models.CASCADE, related_name="reservoir")
    size = models.PositiveIntegerField()
    seed = models.BigIntegerField(default=0)
    # How many new keys came since it was made (again and again, if they were turned away), and the lowest place that was
    # ever turned away: what lies there or above need not be looked at, and below it everything that came is in the pool.
    seen = models.BigIntegerField(default=0)
    highest = models.FloatField(default=1.0)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.size} of project {self.project_id}"


class ReservoirItem(models.Model):
    reservoir = models.ForeignKey(Reservoir, models.CASCADE, related_name="+", db_index=False)
    item = models.OneToOneField("annotation.Item", models.CASCADE, related_name="+", db_constraint=False)
    place = models.FloatField()

    class Meta:
        indexes = [models.Index(fields=["reservoir", "-place"], name="reservoir_by_place")]

    def __str__(self) -> str:
        return f"{self.item_id} at {self.place}"


@audited(exclude=MOVES)
class ProjectFile(Job):
    """A project written to one file, or made from one; or the record that it was deleted."""

    class Kind(models.TextChoices):
        ARCHIVE = "archive", "Archive"
        RESTORE = "restore", "Restore"
        DELETE = "delete", "Delete"

    kind = models.CharField(max_length=7, choices=Kind.choices)
    # What is archived, or what was made; none while a restore is under way.
    project = models.ForeignKey("annotation.Project", models.SET_NULL, null=True, related_name="files")
    name = models.CharField(max_length=120, blank=True)
    file = models.FileField(upload_to="projects/%Y/%m/", max_length=300, blank=True)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    # What is in it: software version, rows by table, people.
    manifest = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [pending_index("project_file_pending")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.name}"
