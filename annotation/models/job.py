"""Long work as a row: whoever writes it asks, a worker claims it, and the row tells how far it is and how it ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.utils import timezone

from annotation.models.people import User

# A running job whose worker has not been heard of for so long is taken over by another.
SILENT = timedelta(seconds=20)


class JobQuerySet(models.QuerySet[Any]):
    def claimable(self) -> Self:
        """Waiting, or running under a worker that has fallen silent."""
        silent = models.Q(state="running", heartbeat_at__lt=timezone.now() - SILENT)
        return self.filter(models.Q(state="waiting") | silent)


class Job(models.Model):
    """What all jobs have in common; services/jobs.py claims, beats and ends them."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a worker"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    # Progress, in whatever the job counts; `total` is 0 while nobody knows it.
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    error = models.TextField(blank=True)
    # How often a worker took it up without getting any further: what kills workers must not do so for ever.
    attempts = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_pending(self) -> bool:
        return self.state in {self.State.WAITING, self.State.RUNNING}

    @property
    def paused_until(self) -> datetime | None:
        """When a job that its worker let go of is taken up again; None for others. Whoever holds one has claimed it."""
        let_go = self.state == self.State.RUNNING and self.attempts == 0
        return self.heartbeat_at + SILENT if let_go and self.heartbeat_at else None


def pending_index(name: str) -> models.Index:
    """The index by which the sweep finds jobs that nobody works on."""
    return models.Index(fields=["id"], name=name, condition=models.Q(state__in=["waiting", "running"]))


# What the audit leaves out of a job: the moves that its worker makes.
MOVES = ["done", "total", "attempts", "heartbeat_at"]
