"""Items that somebody has had, and answers to them."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from annotation.models import Annotation, Item, Lease, User
from annotation.services import answers, words

_NONCES = itertools.count(1)


def give(item: Item, annotator: User) -> Lease:
    """Put an item into somebody's hands, as the queue would."""
    Item.objects.filter(pk=item.pk).update(open_slots=F("open_slots") - 1)
    now = timezone.now()
    return Lease.objects.create(
        project=item.project,
        item=item,
        annotator=annotator,
        created_at=now,
        expires_at=now + timedelta(minutes=30),
    )


def say(item: Item, annotator: User, **answer: Any) -> Annotation:
    """Let somebody answer an item under the project's current schema."""
    lease = give(item, annotator)
    given = answers.Answer(answer, f"nonce-{next(_NONCES)}", seconds=1.5)
    receipt = answers.submit(annotator=annotator, lease_id=lease.pk, given=given)
    return Annotation.objects.get(pk=receipt.annotation_id)


def revise(annotation: Annotation, **answer: Any) -> Annotation:
    given = answers.Answer(answer, f"nonce-{next(_NONCES)}")
    receipt = answers.revise(annotator=annotation.annotator, annotation_id=annotation.pk, given=given)
    return Annotation.objects.get(pk=receipt.annotation_id)


def make_findable(*items: Item) -> None:
    words.index(item_ids=[item.pk for item in items])


def keys(response: Any) -> list[str]:
    return [item["key"] for item in response.json()["results"]]
