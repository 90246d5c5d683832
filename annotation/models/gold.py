"""Known answers, and how people did on them."""

from __future__ import annotations

from django.db import models

from annotation.models.audit import APPEND_ONLY, audited
from annotation.models.item import Item
from annotation.models.people import User


@audited(exclude=["exposures", "evidence"])
class GoldQuestion(models.Model):
    """An item whose answer is known, shown blind to check people; or, as a holdout, kept from people to check models.

    Its item wants no answers (`wanted` is 0), so it is never in the queue: services/gold_turns.py mixes it in.
    """

    item = models.OneToOneField(Item, models.CASCADE, related_name="gold")
    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="gold_questions")
    schema = models.ForeignKey("annotation.Schema", models.PROTECT, related_name="+")
    answer = models.JSONField()
    tolerance = models.JSONField(default=dict, blank=True)
    explanation = models.TextField(blank=True)
    # Whether it is kept from people; Item.role says the same.
    holdout = models.BooleanField(default=False, db_default=False)
    # How often it was given out in this rotation.
    exposures = models.PositiveIntegerField(default=0)
    # What votes alone say of the item, without the known answer: {question: {value, distribution, confidence, votes,
    # method}}. Calibration is measured by it.
    evidence = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["project", "exposures", "id"],
                name="gold_least_shown",
                condition=models.Q(holdout=False),
            )
        ]

    def __str__(self) -> str:
        return f"gold answer of {self.item_id}"


class GoldResult(models.Model):
    """How one answer to a gold question compares with the known answer of that time."""

    annotation = models.OneToOneField("annotation.Annotation", models.PROTECT, related_name="gold_result")
    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="gold_results")
    annotator = models.ForeignKey(User, models.PROTECT, related_name="gold_results", db_index=False)
    rotation = models.PositiveIntegerField()
    # Whether each question was right, {question: bool}, and whether all were.
    questions = models.JSONField()
    right = models.BooleanField()
    training = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["project", "annotator", "id"], name="gold_result_by_person")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.annotator_id} on {self.item_id}: {'right' if self.right else 'wrong'}"


@audited()
class Suspension(models.Model):
    """A member fell below the bar and was paused; the answers from `first_annotation` to `last_annotation` of theirs
    were given meanwhile and are in doubt until they are set aside or let stand."""

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="suspensions")
    user = models.ForeignKey(User, models.PROTECT, related_name="suspensions")
    reason = models.CharField(max_length=300)
    first_annotation = models.BigIntegerField()
    last_annotation = models.BigIntegerField()
    right = models.PositiveSmallIntegerField()
    judged = models.PositiveSmallIntegerField()
    bar = models.FloatField()
    created_at = models.DateTimeField()
    # How many answers were set aside, once somebody asked for it.
    set_aside = models.PositiveIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.reason}"
