"""Who is told what happens in a project, over HTTP, and what became of each message."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from annotation.models.audit import audited


@audited(exclude=["secret", "old_secret", "failing_since"])
class Webhook(models.Model):
    """An address that is told of events; messages are signed (Standard Webhooks)."""

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=2000)
    description = models.CharField(max_length=200, blank=True)
    # Types of events; empty for all.
    types = models.JSONField(default=list)
    # whsec_ and base64, shown once to whoever made it.
    secret = models.CharField(max_length=100)
    # The one before, with which messages are signed too until then, so that receivers can change over.
    old_secret = models.CharField(max_length=100, blank=True, db_default="")
    old_secret_until = models.DateTimeField(null=True)
    active = models.BooleanField(default=True)
    # Why it was switched off, where nobody did it.
    off_reason = models.CharField(max_length=200, blank=True, db_default="")
    # Since when every delivery has failed; after days of it the webhook is switched off.
    failing_since = models.DateTimeField(null=True)
    created_by = models.ForeignKey("annotation.User", models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.url


class Event(models.Model):
    """Something happened, written by triggers in the transaction in which it did; taken away when all deliveries are made."""

    project = models.ForeignKey(
        "annotation.Project", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    type = models.CharField(max_length=60)
    data = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())

    def __str__(self) -> str:
        return f"{self.type} in {self.project_id}"


class Delivery(models.Model):
    """One message to one webhook. The row is the pending work, then its record."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", db_index=False)
    # The same however often it is sent, so that the receiver can tell repeats.
    message_id = models.CharField(max_length=40)
    type = models.CharField(max_length=60)
    data = models.JSONField()
    happened_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    # Of the last attempt: HTTP status, the beginning of the answer, or why there was none.
    status_code = models.PositiveSmallIntegerField(null=True)
    answer = models.CharField(max_length=500, blank=True)
    seconds = models.FloatField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    tried_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["webhook", "message_id"], name="message_once")]
        indexes = [
            models.Index(fields=["webhook", "-id"], name="delivery_log"),
            models.Index(
                fields=["webhook", "next_at"], name="delivery_due", condition=models.Q(state="waiting")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} to {self.webhook_id}: {self.state}"
