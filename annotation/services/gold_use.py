"""What a known answer is for: to check people, who get it blind, or to check models, kept from people."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from django.db import transaction

from annotation.errors import NotFound
from annotation.models import GoldQuestion, Item, Project, User
from annotation.roles import Action
from annotation.services import gold_sql, hot, queue, queue_sql
from annotation.services.access import check


class Use(StrEnum):
    """What a known answer is for."""

    PEOPLE = "people"  # shown blind to check people
    HOLDOUT = "holdout"  # never shown to people, never learned from: kept to check models


def keep_apart(items: Sequence[int]) -> None:
    """From now on nobody gets these items: who holds one does so no longer. The caller holds the members' locks."""
    if not items:
        return
    hot.rows(queue_sql.WITHDRAW, {"items": sorted(items)})
    hot.rows(gold_sql.LOOKED_AT, {"items": sorted(items)})
    Item.objects.filter(pk__in=items).update(role=Item.Role.HOLDOUT)


def give_to_people(items: Sequence[int]) -> None:
    """These items may be given to people again. The caller holds the members' locks."""
    if items:
        Item.objects.filter(pk__in=items).update(role=Item.Role.POOL)


@transaction.atomic
def change_use(*, project: Project, by: User, item_id: int, use: str) -> GoldQuestion:
    """Give a gold question to people, or keep it from them to check models; what people answered so far stays.

    Harmless when repeated. Raises NotAllowed, NotFound.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    # Members before items, as submit does.
    queue.lock_members(project_id=project.pk)
    found = GoldQuestion.objects.select_related("item", "schema", "created_by")
    known = found.filter(project=project, item=item_id).first()
    if known is None:
        raise NotFound("This item is no gold question.")
    apart = use == Use.HOLDOUT
    if known.holdout != apart:
        (keep_apart if apart else give_to_people)([item_id])
        known.holdout = apart
        known.save(update_fields=["holdout"])
    return known
