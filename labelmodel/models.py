"""What label models learned: their runs, and how good each source is."""

from __future__ import annotations

from django.db import models

from annotation.models import Project, Schema, User


class LabelModelRun(models.Model):
    """One fit of an estimator to all votes on one question of a project. The latest finished one is used until the next."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    project = models.ForeignKey(Project, models.CASCADE, related_name="label_model_runs")
    question = models.CharField(max_length=64)
    schema = models.ForeignKey(Schema, models.CASCADE, related_name="+")
    method = models.CharField(max_length=40)
    state = models.CharField(max_length=7, choices=State.choices, default=State.RUNNING)
    # The labels by position, and the ids of the people by number of their source.
    labels = models.JSONField(default=list)
    sources = models.JSONField(default=list)
    # labelmodel.estimators.Parameters as bytes; empty for methods that learn nothing.
    parameters = models.BinaryField(default=bytes)
    items = models.PositiveIntegerField(default=0)
    votes = models.PositiveIntegerField(default=0)
    gold = models.PositiveIntegerField(default=0)
    # How many answers the project had; how many have come since tells when to fit again.
    answered = models.PositiveIntegerField(default=0)
    converged = models.BooleanField(default=True)
    iterations = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(null=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["project", "question", "-id"], name="run_latest")]

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
    # [[chance of each given label] for each true label], rows and columns as in the run's labels; empty for many labels.
    confusion = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "question", "source"], name="one_quality")]

    def __str__(self) -> str:
        return f"{self.source_id} on {self.question}: {self.accuracy:.2f}"
