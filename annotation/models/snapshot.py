"""Immutable exports, the splits that they keep, and how two of them differ."""

from __future__ import annotations

from django.db import models

from annotation.models.audit import audited
from annotation.models.job import MOVES, Job, pending_index


@audited()
class Split(models.Model):
    """How items are parted into train, test and so on. Never changed: an item that was put into a part stays there."""

    class Kind(models.TextChoices):
        RANDOM = "random", "At random"
        STRATIFIED = "stratified", "At random, each label alike"
        GROUP = "group", "By groups that stay together"
        TIME = "time", "By time"

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="splits")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # [{name, share}], shares adding up to 1.
    parts = models.JSONField()
    seed = models.PositiveIntegerField(default=0)
    # The question whose labels are parted alike, the payload field that names the group, or the payload field that holds
    # the time (empty: when the item was added).
    by = models.CharField(max_length=200, blank=True)
    # By time: where each part but the first begins, settled when it is first used.
    begins = models.JSONField(default=list)
    created_by = models.ForeignKey("annotation.User", models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="split_name_once")]

    def __str__(self) -> str:
        return self.name


class SplitItem(models.Model):
    """The part of an item, by the place of the part in `parts`; only of splits that no function of the key settles."""

    split = models.ForeignKey(Split, models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    item = models.ForeignKey(
        "annotation.Item", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    part = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["split", "item"], name="one_part_per_split")]

    def __str__(self) -> str:
        return f"{self.item_id} is in part {self.part} of {self.split_id}"


@audited(exclude=[*MOVES, "manifest"])
class Snapshot(Job):
    """One immutable export: the row is the pending work, then what was made."""

    class Rows(models.TextChoices):
        CONSENSUS = "consensus", "One row for each item, with its consensus"
        ANNOTATIONS = "annotations", "One row for each person's answer"

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="snapshots")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120, blank=True)
    rows = models.CharField(max_length=11, choices=Rows.choices, default=Rows.CONSENSUS)
    # Which items, as annotation.filtering writes it; empty for all.
    where = models.TextField(blank=True)
    # {probabilities, probable, adjudicated, min_confidence, since, until, gold}: what services/snapshots.py allows.
    options = models.JSONField(default=dict)
    split = models.ForeignKey(Split, models.PROTECT, null=True, related_name="+")
    # What it was made from and what is in it; docs/snapshots.md lists it.
    manifest = models.JSONField(default=dict)
    row_count = models.BigIntegerField(default=0)
    # Of the canonical rows, which are the JSON lines; the Parquet file has its own in the manifest.
    sha256 = models.CharField(max_length=64, blank=True)
    file = models.FileField(upload_to="snapshots/%Y/%m/", max_length=300, blank=True)
    size = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="snapshot_number_once")]
        indexes = [pending_index("snapshot_pending")]

    def __str__(self) -> str:
        return f"snapshot {self.number} of {self.project_id}"


class SnapshotFormat(models.Model):
    """How long a snapshot is in one format, and where in it the row groups of the Parquet file begin; known once the format was
    written as a whole, and needed to send parts of it."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="formats")
    format = models.CharField(max_length=20)
    size = models.BigIntegerField()
    begins = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["snapshot", "format"], name="one_length_per_format")]

    def __str__(self) -> str:
        return f"{self.format} of {self.snapshot_id}: {self.size} bytes"


class Comparison(Job):
    """What changed from one snapshot to another."""

    old = models.ForeignKey(Snapshot, models.CASCADE, related_name="+")
    new = models.ForeignKey(Snapshot, models.CASCADE, related_name="+")
    result = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["old", "new"], name="compared_once")]
        indexes = [pending_index("comparison_pending")]

    def __str__(self) -> str:
        return f"{self.old_id} and {self.new_id}"
