"""One thing to label, its place in the queue, and what is known of it in advance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q

from annotation.models.audit import audited

# A change bears the moment at which it was made, and is seen once its transaction has ended. None lasts longer than this.
UNSEEN_FOR = timedelta(minutes=10)


class ItemQuerySet(models.QuerySet["Item"]):
    def in_queue(self) -> Self:
        """Items with judgments still wanted, soonest first: exactly the partial index `item_queue`."""
        return self.filter(state=Item.State.OPEN, open_slots__gt=0).order_by(-F("priority"), "id")

    def changed_since(self, moment: datetime) -> Self:
        """Items whose payload has changed since, for whoever began to look at all of them at this moment.

        It reaches back UNSEEN_FOR further, so some are told twice. With a project, it reads the index `item_changed`.
        """
        return self.filter(payload_changed_at__gte=moment - UNSEEN_FOR)


@audited(
    pghistory.UpdateEvent(
        # Not the moves that labeling itself makes: those are told by the annotations.
        condition=pgtrigger.Condition(
            "ROW(OLD.key, OLD.payload, OLD.role, OLD.state = 'retired')"
            " IS DISTINCT FROM ROW(NEW.key, NEW.payload, NEW.role, NEW.state = 'retired')"
        )
    ),
    pghistory.DeleteEvent(),
    exclude=["priority", "reason", "open_slots", "answers", "digest", "doubt", "payload_changed_at"],
)
class Item(models.Model):
    class State(models.TextChoices):
        OPEN = "open", "Open"
        DISPUTED = "disputed", "Disputed"
        RESOLVED = "resolved", "Resolved"
        RETIRED = "retired", "Retired"

    class Role(models.TextChoices):
        POOL = "pool", "Pool"
        HOLDOUT = "holdout", "Holdout"

    # Foreign keys are kept by triggers of migration 0003, once for each statement: PostgreSQL's own, once for each row,
    # take longer than all the rest of an import. The project's other indexes serve for its own.
    project = models.ForeignKey(
        "annotation.Project", models.CASCADE, related_name="items", db_index=False, db_constraint=False
    )
    dataset = models.ForeignKey(
        "annotation.Dataset",
        models.SET_NULL,
        null=True,
        related_name="items",
        db_index=False,
        db_constraint=False,
    )
    key = models.CharField(max_length=200)
    payload = models.JSONField()
    # The first 16 bytes of the SHA-256 of the payload: whether a re-import brings the same content.
    digest = models.BinaryField(max_length=16)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    role = models.CharField(max_length=7, choices=Role.choices, default=Role.POOL)
    priority = models.FloatField(default=0.0)
    # Why it has this priority, in words for whoever labels it; written together with it (services/priorities.py). Of a few
    # kinds: a gold question says what the item beside it says, and must not be told by words that fit only that one.
    reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    # How many people shall answer; how many have; and always wanted - answers - active leases, which falls below 0
    # only where a project came to want less than it had handed out.
    wanted = models.PositiveSmallIntegerField(default=1)
    answers = models.PositiveSmallIntegerField(default=0)
    open_slots = models.SmallIntegerField(default=1)
    # How unsure the answers leave us, 0 to 1: of the most doubtful question, 1 - the confidence of its consensus.
    doubt = models.FloatField(default=0.0, db_default=0.0)
    created_at = models.DateTimeField(auto_now_add=True)
    # When it last got another payload than before; null where it never did. Kept by a trigger (migration 0012), for whatever
    # was made of the payload: vectors, votes of labeling functions.
    payload_changed_at = models.DateTimeField(null=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="item_key_once"),
        ]
        indexes = [
            # The queue. Minus priority, so that one row comparison (-priority, id) > (...) resumes anywhere in it.
            models.Index(
                "project",
                -F("priority"),
                "id",
                name="item_queue",
                condition=Q(state="open", open_slots__gt=0),
            ),
            models.Index(fields=["project", "state", "id"], name="item_by_state"),
            # What experts decide next: the most doubtful first.
            models.Index("project", -F("doubt"), "id", name="item_disputes", condition=Q(state="disputed")),
            # The data table: pages by id, of all items and of one dataset.
            models.Index(fields=["project", "id"], name="item_by_id"),
            models.Index(fields=["dataset", "id"], name="item_by_dataset"),
            models.Index(fields=["project", "created_at", "id"], name="item_by_time"),
            # Nothing for an import to do: these begin without items.
            models.Index(
                fields=["project", "answers", "id"], name="item_answered", condition=Q(answers__gt=0)
            ),
            models.Index(
                fields=["project", "priority", "id"], name="item_prioritized", condition=Q(priority__gt=0)
            ),
            models.Index(
                fields=["project", "payload_changed_at"],
                name="item_changed",
                condition=Q(payload_changed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class ItemText(models.Model):
    """The words of an item, for search. Apart from the item, so that labeling never touches the search index."""

    item = models.OneToOneField(Item, models.CASCADE, primary_key=True, related_name="text")
    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="+", db_index=False)
    words = SearchVectorField()
    # Hashes of what the fields of the payload say, for filters by one of them (filtering/facts.py); null where they were
    # not written down yet.
    facts = ArrayField(models.BigIntegerField(), null=True)

    class Meta:
        indexes = [
            GinIndex(fields=["words"], name="item_words"),
            GinIndex(fields=["facts"], name="item_facts"),
        ]

    def __str__(self) -> str:
        return f"words of {self.item_id}"
