"""One labeling effort and its rules of work."""

from __future__ import annotations

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from annotation.models.audit import audited
from annotation.models.people import User
from annotation.roles import Role


class SkipPolicy(models.TextChoices):
    LATER = "later", "Ask the same person again at the end"
    OTHERS = "others", "Give it to somebody else"
    DROP = "drop", "Do not ask for this answer again"


_SHARE = [MinValueValidator(0), MaxValueValidator(1)]


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User) -> Self:
        """Projects that this person is a member of; all of them for an administrator."""
        return self if user.is_superuser else self.filter(memberships__user=user)

    def active(self) -> Self:
        return self.filter(archived_at=None)


@audited()
class Project(models.Model):
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True)
    guidelines = models.TextField(blank=True, max_length=100_000)
    annotations_per_item = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    lease_minutes = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(1440)]
    )
    skip_policy = models.CharField(max_length=6, choices=SkipPolicy, default=SkipPolicy.OTHERS)
    annotation_limit = models.PositiveIntegerField(null=True, blank=True)
    # Adaptive overlap: while the consensus is less sure than this, more people are asked, up to so many; without a
    # maximum, `annotations_per_item` are asked in any case and no more.
    annotations_at_most = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    target_confidence = models.FloatField(default=0.95, validators=_SHARE)
    # Gold questions: which share of a person's turns; how often one is shown before it rests until the next rotation.
    gold_rate = models.FloatField(default=0.05, validators=[MinValueValidator(0), MaxValueValidator(0.5)])
    gold_exposures = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    gold_rotation = models.PositiveIntegerField(default=1)
    # Whether people are told at once when they got a gold question wrong.
    gold_feedback = models.BooleanField(default=False)
    # Whoever gets less than this share of the latest gold questions right is paused; empty: nobody is.
    gold_bar = models.FloatField(null=True, blank=True, validators=_SHARE)
    # Training: so many gold questions, with feedback, come before real work, and this share has to be right.
    training_questions = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(1000)])
    training_bar = models.FloatField(default=0.8, validators=_SHARE)
    # Whether people are shown what the latest model says of an item before they answer.
    suggestions = models.BooleanField(default=False, db_default=False)
    # Adjudication: whether experts may decide items that they answered, and whether they see who said what.
    adjudicate_own = models.BooleanField(default=False)
    anonymous_answers = models.BooleanField(default=True)
    schema = models.ForeignKey("annotation.Schema", models.PROTECT, null=True, related_name="+")
    # Filled with simulated people and answers.
    demo = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(annotations_per_item__gte=1, annotations_per_item__lte=100),
                name="annotations_per_item_1_to_100",
            ),
            models.CheckConstraint(
                condition=models.Q(annotations_at_most=None)
                | models.Q(annotations_at_most__gte=models.F("annotations_per_item")),
                name="at_most_is_not_below_at_least",
                violation_error_message="At most must not be less than at least.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def most_annotations(self) -> int:
        """How many people are asked at most before an item is disputed."""
        return max(self.annotations_per_item, self.annotations_at_most or 0)

    def role_of(self, user: User) -> Role | None:
        """This person's role; an administrator acts as owner everywhere; None for a stranger."""
        role = self.memberships.filter(user=user).values_list("role", flat=True).first()
        if role is None and user.is_superuser:
            return Role.OWNER
        return Role(role) if role else None
