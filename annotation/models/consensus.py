"""What the answers to an item amount to, and what experts decided."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Cast

from annotation.models.audit import APPEND_ONLY
from annotation.models.people import User


class Consensus(models.Model):
    """What the votes on one question of one item amount to. Written by label models and by experts' decisions."""

    class Status(models.TextChoices):
        AUTO = "auto", "Inferred from votes"
        ADJUDICATED = "adjudicated", "Decided by an expert"
        KNOWN = "known", "Known answer"

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey("annotation.Item", models.CASCADE, related_name="consensus", db_index=False)
    question = models.CharField(max_length=64)
    # The value as an answer says it; None where the votes do not say one.
    value = models.JSONField(null=True)
    # {label: probability}, only what is not negligible. For sets each label by itself.
    distribution = models.JSONField(default=dict)
    # The calibrated probability that `value` is right; 1 for what an expert decided.
    confidence = models.FloatField()
    # In bits.
    entropy = models.FloatField()
    votes = models.PositiveSmallIntegerField()
    # Whether all who voted said the same.
    unanimous = models.BooleanField()
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.AUTO)
    # The estimator, and the number of the run of labelmodel.LabelModelRun whose parameters it used.
    method = models.CharField(max_length=40)
    run = models.BigIntegerField(null=True)
    # The kinds of the sources that voted.
    kinds = ArrayField(models.CharField(max_length=10), default=list)
    schema = models.ForeignKey("annotation.Schema", models.CASCADE, related_name="+", db_index=False)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "question"], name="one_consensus")]
        indexes = [
            models.Index(fields=["project", "question", "confidence"], name="consensus_by_confidence"),
            # One value, in the order of the data table.
            models.Index(
                "project",
                "question",
                Func(Cast("value", models.TextField()), Value(0), function="hashtextextended"),
                "item",
                name="consensus_by_value",
            ),
            # Where people disagree: few items, in the order of the data table.
            models.Index(
                fields=["project", "item"], name="consensus_disagreed", condition=Q(unanimous=False)
            ),
            models.Index(
                fields=["item"],
                name="consensus_decided",
                condition=Q(status="adjudicated"),
                include=["project"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question} of {self.item_id}: {self.value} ({self.confidence:.2f})"


class ConsensusDue(models.Model):
    """An item whose votes have changed since its consensus was worked out. The row is the pending work."""

    # Rows are only added and taken away, never shared: adding one never waits for whoever takes others away.
    project = models.ForeignKey(
        "annotation.Project", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    item = models.ForeignKey(
        "annotation.Item", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["project", "id"], name="due_by_project")]

    def __str__(self) -> str:
        return f"item {self.item_id} is due"


class Adjudication(models.Model):
    """One step of an expert at a disputed item. Never changed: a later step stands above an earlier one."""

    class Kind(models.TextChoices):
        DECIDED = "decided", "Decided"
        REOPENED = "reopened", "Reopened"
        MORE = "more", "Asked for one more answer"
        SENT_BACK = "sent_back", "Sent back to the annotators"
        RETIRED = "retired", "Retired"

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey("annotation.Item", models.CASCADE, related_name="adjudications")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    schema = models.ForeignKey(
        "annotation.Schema", models.PROTECT, null=True, related_name="+", db_index=False
    )
    answer = models.JSONField(null=True)
    note = models.CharField(max_length=1000, blank=True)
    # What a decision set aside: the consensus inferred from votes until then, {question: {value, distribution,
    # confidence, votes, method}}. Calibration is measured by it.
    evidence = models.JSONField(default=dict)
    by = models.ForeignKey(User, models.PROTECT, related_name="adjudications")
    nonce = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["by", "nonce", "item"], name="decision_once")]
        indexes = [models.Index(fields=["project", "id"], name="adjudication_by_project")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.by_id} {self.kind} {self.item_id}"


class DisputeClaim(models.Model):
    """An expert has this dispute on their desk; others get other ones until it expires."""

    item = models.OneToOneField("annotation.Item", models.CASCADE, related_name="claim")
    expert = models.ForeignKey(User, models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.item_id} is with {self.expert_id}"
