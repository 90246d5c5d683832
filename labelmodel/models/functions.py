"""Labeling functions: what they are, in which version, and what a project lets them see."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from annotation.models import Project, Schema, User
from annotation.models.audit import audited

# Kinds whose functions wait for others, as for a language model: they have runs of their own. As `waits` of the kind has it,
# for those who do not load the room of functions.
ASKING_KINDS = {"endpoint"}


@audited(exclude=["looked_at"])
class WeakSettings(models.Model):
    """What a project lets its labeling functions do. Without a row: as the defaults say."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="weak", primary_key=True)
    # Whether items that arrive or change get votes, and probable labels, by themselves.
    automatic = models.BooleanField(default=True)
    # Names of payload fields that no function sees.
    sensitive_fields = models.JSONField(default=list, blank=True)
    # {question: {label: share}}, where the shares of the labels are known.
    class_balance = models.JSONField(default=dict, blank=True)
    # Predictions that vote beside the functions in the next label model: "model", the one in use, or "import:" and a source.
    cascade = models.JSONField(default=list, blank=True)
    # When the sweep last began to look for items without votes, by the clock of the database.
    looked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"labeling functions of project {self.project_id}"


@audited()
class FunctionTable(models.Model):
    """An uploaded dictionary or table that lookups read: a Parquet file with a column of text for each of its columns."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="function_tables")
    name = models.CharField(max_length=80)
    source_name = models.CharField(max_length=255)
    columns = models.JSONField(default=list)
    rows = models.PositiveIntegerField()
    file = models.FileField(max_length=200)
    # Of the Parquet file.
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="function_table_name_once")]

    def __str__(self) -> str:
        return self.name


class FunctionQuerySet(models.QuerySet["LabelingFunction"]):
    def in_use(self) -> Self:
        """Functions that vote: a version of them is active, and nobody has stopped them."""
        return self.filter(stopped_at=None, versions__state=FunctionVersion.State.ACTIVE)


@audited()
class LabelingFunction(models.Model):
    """A source that votes on one question by a rule. The rule itself is in its versions."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="labeling_functions", db_index=False)
    question = models.CharField(max_length=64)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=500, blank=True)
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    # The kill switch: it votes no more, and the votes that it cast count no more. Nobody: a limit was passed.
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    stopped_reason = models.CharField(max_length=300, blank=True)
    # The largest share of items that it may vote on, and the most votes that it may cast in an hour.
    most_share = models.FloatField(default=1.0, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    most_votes_an_hour = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FunctionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="function_name_once")]

    def __str__(self) -> str:
        return self.name


class VersionQuerySet(models.QuerySet["FunctionVersion"]):
    def voting(self) -> Self:
        """Active versions of functions that nobody has stopped, in a fixed order."""
        return self.filter(state=FunctionVersion.State.ACTIVE, function__stopped_at=None).order_by("pk")

    def asking(self) -> Self:
        """Versions that wait for others, as for a language model."""
        return self.filter(kind__in=ASKING_KINDS)


@audited()
class FunctionVersion(models.Model):
    """One rule of a labeling function. What it says never changes: another rule is another version."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        REVIEW = "review", "Waits for review"
        CANARY = "canary", "Approved, on trial"
        ACTIVE = "active", "Active"
        RETIRED = "retired", "Was active"
        REFUSED = "refused", "Refused"

    project = models.ForeignKey(Project, models.CASCADE, related_name="function_versions")
    function = models.ForeignKey(LabelingFunction, models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    # As labelmodel.functions of this kind has it.
    definition = models.JSONField()
    # [{"payload": {...}, "label": value, or null where it must abstain}]
    tests = models.JSONField(default=list, blank=True)
    # The version of the questions that it was written under, and the labels then: votes are kept as positions in them.
    schema = models.ForeignKey(Schema, models.CASCADE, related_name="+", db_index=False)
    labels = models.JSONField(default=list)
    # Which payload fields it reads, and which labels it may vote for.
    reads = models.JSONField(default=list)
    votes_for = models.JSONField(default=list)
    note = models.CharField(max_length=300, blank=True)
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.DRAFT)
    submitted_at = models.DateTimeField(null=True, blank=True)
    reviewer = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.CharField(max_length=300, blank=True)
    # How it did on a sample before it was activated: services/canaries.py.
    canary = models.JSONField(default=dict, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    activated_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    retired_at = models.DateTimeField(null=True, blank=True)
    # Found to be bad: what came of it was taken back, and it is never activated again.
    rolled_back_at = models.DateTimeField(null=True, blank=True)
    rolled_back_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    rolled_back_reason = models.CharField(max_length=300, blank=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["function", "number"], name="function_version_once"),
            models.UniqueConstraint(
                fields=["function"], name="one_active_version", condition=Q(state="active")
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="rule_stays",
                fields=[
                    *("project", "function", "number", "kind", "definition", "tests"),
                    *("schema", "labels", "reads", "votes_for", "author"),
                ],
            )
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.function}"
