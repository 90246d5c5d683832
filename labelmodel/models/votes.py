"""What labeling functions said: their votes by blocks of items, and the runs that cast them."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from annotation.models import Project
from annotation.models.audit import audited
from annotation.models.job import MOVES, Job, JobQuerySet, pending_index
from labelmodel.models.functions import FunctionVersion


class VoteShard(models.Model):
    """What one version said of the items of one block: those whose id, divided by 65,536, is this number."""

    version = models.ForeignKey(FunctionVersion, models.CASCADE, related_name="shards", db_index=False)
    block = models.BigIntegerField()
    # Which items it saw and how it voted on each: services/vote_shards.py.
    votes = models.BinaryField()
    seen = models.PositiveIntegerField()
    # {label: votes}
    cast = models.JSONField(default=dict)
    errors = models.PositiveIntegerField(default=0)
    # Which items there were, and when they last changed: where the database says otherwise now, some have come, gone or
    # changed. Empty where some were left for later.
    stamp = models.CharField(max_length=80, blank=True)
    # When they were read, by the clock of the database; and where some were left for later, before when it is of no use to
    # look at those again.
    read_at = models.DateTimeField()
    again_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "block"], name="one_vote_shard")]

    def __str__(self) -> str:
        return f"votes of {self.version_id} in block {self.block}"


class FunctionRunQuerySet(JobQuerySet):
    def asking(self) -> Self:
        """Runs of a function that waits for others: such a one is alone in its runs."""
        return self.filter(_asks())

    def quick(self) -> Self:
        """All other runs, and those that have not begun."""
        return self.exclude(_asks())


def _asks() -> Exists:
    first = Cast(KeyTextTransform("0", OuterRef("versions")), models.BigIntegerField())
    return Exists(FunctionVersion.objects.asking().filter(pk=first))


@audited(exclude=[*MOVES, "cursor", "lines"])
class FunctionRun(Job):
    """Functions applied to the pool, or to a sample of it."""

    class Kind(models.TextChoices):
        NEW = "new", "What lacks votes"
        ALL = "all", "Everything anew"
        CANARY = "canary", "A sample, for a new version"

    class Trigger(models.TextChoices):
        PAGE = "page", "Asked for on the page"
        REST = "rest", "Asked for over REST"
        CHANGE = "change", "A function was activated or resumed"
        ITEMS = "items", "Items arrived or changed"

    project = models.ForeignKey(Project, models.CASCADE, related_name="function_runs", db_index=False)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    trigger = models.CharField(max_length=6, choices=Trigger.choices)
    # Ids of the versions that it runs; empty until it begins.
    versions = models.JSONField(default=list)
    # Of a run of everything: blocks up to this one were looked at anew; items, where the function waits for others.
    cursor = models.BigIntegerField(null=True)
    # {version id: what it did}: services/run_lines.py.
    lines = models.JSONField(default=dict)
    # A version that it ran was rolled back since.
    tainted_at = models.DateTimeField(null=True)
    tainted_reason = models.CharField(max_length=300, blank=True)

    objects = FunctionRunQuerySet.as_manager()  # type: ignore[misc]  # Job has one, too

    class Meta:
        ordering = ["-id"]
        constraints = [
            # Asking twice is asking once.
            models.UniqueConstraint(
                fields=["project", "kind"],
                name="one_waiting_function_run",
                condition=Q(state="waiting", kind__in=["new", "all"]),
            )
        ]
        indexes = [
            pending_index("function_run_pending"),
            models.Index(fields=["project", "-id"], name="function_run_latest"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of functions"
