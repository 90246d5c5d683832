"""What label models learned: their runs, and how good each source is."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from annotation.models import Project, Schema, User


class RunQuerySet(models.QuerySet["LabelModelRun"]):
    def pending(self) -> Self:
        """Runs that nobody has finished, in the order in which they are worked off."""
        return self.filter(state__in=["waiting", "running"]).order_by("pk")

    def behind(self) -> Self:
        """Finished runs whose items have changed since."""
        return self.filter(state="done", changed__gt=0)


class LabelModelRun(models.Model):
    """One fit of an estimator to all votes on one question of a project. The row is the pending work, then its record.

    The latest finished run of the default method is what the consensus comes from; runs of other methods are there to
    be compared with it.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    project = models.ForeignKey(Project, models.CASCADE, related_name="label_model_runs")
    question = models.CharField(max_length=64)
    schema = models.ForeignKey(Schema, models.CASCADE, related_name="+")
    method = models.CharField(max_length=40)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    # Whoever asked for it; nobody where answers that came in made it necessary.
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    # The labels by position, and the ids of the people by number of their source; as `parameters` only kept for the
    # latest runs.
    labels = models.JSONField(default=list)
    sources = models.JSONField(default=list)
    # labelmodel.estimators.Parameters as bytes.
    parameters = models.BinaryField(default=bytes)
    items = models.PositiveIntegerField(default=0)
    votes = models.PositiveIntegerField(default=0)
    gold = models.PositiveIntegerField(default=0)
    # How many items' votes have changed since; tells when to fit again.
    changed = models.PositiveIntegerField(default=0)
    converged = models.BooleanField(default=True)
    iterations = models.PositiveIntegerField(default=0)
    # How another method compares with the default: services/comparing.py.
    comparison = models.JSONField(default=dict)
    seconds = models.FloatField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            # Asking twice is asking once.
            models.UniqueConstraint(
                fields=["project", "question", "method"], name="one_waiting_run", condition=Q(state="waiting")
            )
        ]
        indexes = [
            models.Index(fields=["project", "question", "-id"], name="run_latest"),
            models.Index(
                fields=["project", "id"], name="run_pending", condition=Q(state__in=["waiting", "running"])
            ),
            models.Index(fields=["finished_at"], name="run_behind", condition=Q(state="done", changed__gt=0)),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.method} on {self.question}"


class SourceQuality(models.Model):
    """How often a person is right on one question, as the latest run of the label model estimates it."""

    run = models.ForeignKey(LabelModelRun, models.CASCADE, related_name="qualities")
    project = models.ForeignKey(Project, models.CASCADE, related_name="+", db_index=False)
    question = models.CharField(max_length=64)
    source = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    accuracy = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    # Votes, weighted by how sure the consensus of their items is.
    judgments = models.FloatField()
    votes = models.PositiveIntegerField()
    # [[chance of each given label] for each true label], rows and columns as in `labels` of `figures`; empty for many
    # labels and for sets.
    confusion = models.JSONField(default=list)
    # What else the run counted about this person: services/figures.py.
    figures = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "question", "source"], name="one_quality")]

    def __str__(self) -> str:
        return f"{self.source_id} on {self.question}: {self.accuracy:.2f}"
