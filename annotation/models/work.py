"""What people do with an item: reserve it, answer it, skip it, flag it, talk about it."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from annotation.models.audit import APPEND_ONLY, audited
from annotation.models.people import User


class Lease(models.Model):
    """One person's turn at one item: a reservation of a slot while active, the record of what became of it after.

    There is at most one for each item and person, so it is also the proof that nobody gets an item twice.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Reserved"
        SUBMITTED = "submitted", "Answered"
        SKIPPED = "skipped", "Skipped for good"
        DEFERRED = "deferred", "Skipped for later"
        RETURNED = "returned", "Given back"
        AGAIN = "again", "Answered, and asked to look again"
        SET_ASIDE = "set_aside", "Answered, but the answer does not count"
        # Holds a slot like an active one, without end, until this person asks for something to do (services/assigning.py).
        ASSIGNED = "assigned", "Assigned"

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="leases", db_index=False)
    item = models.ForeignKey("annotation.Item", models.CASCADE, related_name="leases", db_index=False)
    annotator = models.ForeignKey(User, models.PROTECT, related_name="leases", db_index=False)
    state = models.CharField(max_length=9, choices=State.choices, default=State.ACTIVE)
    # A manager gave it to this person: when it runs out it waits for them, and does not go back to the queue.
    assigned = models.BooleanField(default=False, db_default=False)
    # Which window or script holds it, so that two tabs of one person get different items.
    client = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    draft = models.JSONField(null=True)
    # What was suggested when it was handed out: {question: {value, confidence, source, version}}.
    suggested = models.JSONField(null=True)
    # As what a gold question was handed out: {priority, reason, answers, wanted, assigned} of the ordinary item next to it.
    mask = models.JSONField(null=True)
    # The current answer of this person, the last of its revisions.
    annotation = models.OneToOneField(
        "annotation.Annotation", models.PROTECT, null=True, related_name="current_for", db_constraint=False
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "annotator"], name="one_turn_per_person")]
        indexes = [
            models.Index(fields=["project", "expires_at"], name="lease_expiry", condition=Q(state="active")),
            models.Index(
                fields=["annotator", "project", "id"],
                name="lease_held",
                condition=Q(state__in=["active", "deferred", "again"]),
            ),
            # Apart from those: somebody may have thousands of them, and what they hold now is looked up at every answer.
            models.Index(
                fields=["annotator", "project", "item"],
                name="lease_assigned",
                condition=Q(state="assigned"),
            ),
        ]

    def __str__(self) -> str:
        return f"turn {self.pk} of {self.annotator_id} at {self.item_id}: {self.state}"


class Annotation(models.Model):
    """One person's answer under one schema version. Never changed: a revision is a new row that supersedes."""

    class Origin(models.TextChoices):
        PERSON = "person", "Person"
        SIMULATED = "simulated", "Simulated"
        IMPORTED = "imported", "Imported"

    project = models.ForeignKey(
        "annotation.Project", models.CASCADE, related_name="annotations", db_index=False, db_constraint=False
    )
    item = models.ForeignKey("annotation.Item", models.CASCADE, related_name="annotations")
    annotator = models.ForeignKey(User, models.PROTECT, related_name="annotations", db_index=False)
    schema = models.ForeignKey("annotation.Schema", models.PROTECT, related_name="+", db_index=False)
    answer = models.JSONField()
    nonce = models.CharField(max_length=64)
    # Attention, in seconds, as the client measured it.
    seconds = models.FloatField(null=True)
    origin = models.CharField(max_length=9, choices=Origin.choices, default=Origin.PERSON)
    # What the person was shown as a suggestion, as the lease keeps it, and whether the answer says the same; both null
    # where nothing was suggested.
    suggested = models.JSONField(null=True)
    followed = models.BooleanField(null=True)
    # What an imported answer said that the project's questions cannot say, word for word.
    kept = models.JSONField(null=True)
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["annotator", "nonce"], name="nonce_once"),
            models.UniqueConstraint(
                fields=["item", "annotator"], name="one_first_answer", condition=Q(supersedes=None)
            ),
        ]
        indexes = [
            models.Index(fields=["project", "annotator", "id"], name="annotation_by_person"),
            models.Index(fields=["project", "created_at"], name="annotation_by_time"),
            # The data table: items that somebody answered, in the order of ids; and rare answers. What is new waits in a list
            # that is short, so that no submit is held up by many that went before.
            models.Index(fields=["project", "annotator", "item"], name="annotation_by_person_item"),
            GinIndex(
                fields=["answer"],
                name="annotation_saying",
                opclasses=["jsonb_path_ops"],
                gin_pending_list_limit=256,
            ),
            # How often people do as suggested; empty where nothing is.
            models.Index(
                fields=["project", "annotator"],
                name="annotation_suggested",
                condition=Q(followed__isnull=False),
                include=["followed"],
            ),
        ]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"answer {self.pk} by {self.annotator_id} to {self.item_id}"


class Skip(models.Model):
    item = models.ForeignKey("annotation.Item", models.CASCADE, related_name="skips")
    annotator = models.ForeignKey(User, models.PROTECT, related_name="skips")
    reason = models.CharField(max_length=500, blank=True)
    policy = models.CharField(max_length=6)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.annotator_id} skipped {self.item_id}"


@audited()
class Flag(models.Model):
    """Somebody says: look at this item. Open until a manager closes it."""

    item = models.ForeignKey("annotation.Item", models.CASCADE, related_name="flags")
    author = models.ForeignKey(User, models.PROTECT, related_name="flags")
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "author"], name="one_open_flag", condition=Q(closed_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"flag on {self.item_id}"


class Comment(models.Model):
    item = models.ForeignKey("annotation.Item", models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, models.PROTECT, related_name="comments")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="replies")
    body = models.TextField(max_length=5000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.body[:60]
