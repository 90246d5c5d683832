"""What the votes of labeling functions amount to: fits of a label model to them, and a probability per label."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from annotation.models import Project, Schema
from annotation.models.job import Job, JobQuerySet, pending_index


class WeakRunQuerySet(JobQuerySet):
    def usable(self) -> Self:
        """Finished, and nothing that they rest on was rolled back; the latest first."""
        return self.filter(state="done", withdrawn_at=None).order_by("-pk")


class WeakRun(Job):
    """One fit of a label model to what the functions of a question say. The row is the pending work, then its record."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="weak_runs", db_index=False)
    question = models.CharField(max_length=64)
    schema = models.ForeignKey(Schema, models.CASCADE, related_name="+", db_index=False)
    method = models.CharField(max_length=40)
    # "page", "rest", "votes" (enough of them are new), "labels" (people have labeled) or "settings" (another class balance).
    trigger = models.CharField(max_length=10)
    # Ids of the versions whose votes it rests on, by the number of their source, and after them what votes beside the
    # functions ("model:7", "import:name @ version"); and the labels by position.
    versions = models.JSONField(default=list)
    labels = models.JSONField(default=list)
    # The class balance that it was given, and what people labeled that it used.
    prior = models.JSONField(default=dict)
    labeled = models.PositiveIntegerField(default=0)
    items = models.PositiveIntegerField(default=0)
    votes = models.PositiveBigIntegerField(default=0)
    # Coverage, conflict rate, Brier, log loss, reliability, and for each version its accuracy with interval.
    metrics = models.JSONField(default=dict)
    calibration = models.JSONField(default=dict)
    # What there was when it began: tells when to fit again (services/weak.py).
    rests_on = models.JSONField(default=dict)
    # Items about which people's answers teach most about the functions, first the most: services/weak_review.py.
    review = models.JSONField(default=list)
    # labelmodel.estimators.Parameters as bytes.
    parameters = models.BinaryField(default=bytes)
    seconds = models.FloatField(null=True)
    # A version that it rests on was rolled back: its probabilities count no more, and are taken away.
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    objects = WeakRunQuerySet.as_manager()  # type: ignore[misc]  # of Job it is another one

    class Meta:
        constraints = [
            # Asking twice is asking once.
            models.UniqueConstraint(
                fields=["project", "question", "method"],
                name="one_waiting_weak_run",
                condition=Q(state="waiting"),
            )
        ]
        indexes = [
            pending_index("weak_run_pending"),
            models.Index(fields=["project", "question", "-id"], name="weak_run_latest"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.method} on {self.question}"


class PosteriorShard(models.Model):
    """Probable labels of the items of one block: those whose id, divided by 65,536, is this number."""

    run = models.ForeignKey(WeakRun, models.CASCADE, related_name="shards", db_index=False)
    block = models.BigIntegerField()
    rows = models.PositiveIntegerField()
    # Ids and probabilities, packed.
    data = models.BinaryField()
    # Which votes it was made of: where the shards of votes say otherwise now, some have come or changed.
    stamp = models.CharField(max_length=32, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "block"], name="one_posterior_shard")]

    def __str__(self) -> str:
        return f"{self.rows} probable labels of {self.run_id}"
