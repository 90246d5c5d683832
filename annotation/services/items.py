"""Items: who may open one, and taking one out of work and back."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from annotation.errors import Conflict, NotAllowed, NotFound
from annotation.models import Consensus, Item, Lease, User
from annotation.roles import Action, Role, may
from annotation.services import queue
from annotation.services.access import item_for


@dataclass(frozen=True, slots=True)
class Opened:
    """An item, and the role of the person who opened it."""

    item: Item
    role: Role

    def may(self, action: Action) -> bool:
        return may(self.role, action)


def open_item(*, user: User, item_id: int) -> Opened:
    """The item, for those who browse the project and for those to whom it was once given to label.

    Raises NotFound for strangers, NotAllowed for members who have not had it.
    """
    item = Item.objects.select_related("project__schema", "dataset").filter(pk=item_id).first()
    role = item.project.role_of(user) if item else None
    if item is None or role is None:
        raise NotFound("There is no such item, or you are not a member of its project.")
    if not may(role, Action.BROWSE) and not Lease.objects.filter(item=item, annotator=user).exists():
        raise NotAllowed("You may open an item once it has been given to you to label.")
    return Opened(item, role)


@transaction.atomic
def retire(*, item_id: int, by: User) -> Item:
    """Take an item out of the queue; its answers stay. Harmless when repeated. Raises NotFound, NotAllowed."""
    item = item_for(user=by, item_id=item_id, action=Action.IMPORT)
    # In a transaction of its own inside this one: its SAVEPOINT is what tells the audit trail who is at work, for the
    # queue's statements go past Django's cursor, which would.
    queue.retire(project=item.project, item_ids=[item.pk])
    item.refresh_from_db(fields=["state", "open_slots"])
    return item


@transaction.atomic
def reopen(*, item_id: int, by: User) -> Item:
    """Ask for one more answer, or bring a retired item back. An open item stays as it is.

    Raises NotFound, NotAllowed, and Conflict for what an expert has decided and for gold questions: one more answer
    would change nothing about them. Retired ones come back as what they were.
    """
    item = item_for(user=by, item_id=item_id, action=Action.IMPORT)
    # Locked members come first, as everywhere; and an expert who decides it now does so before or after.
    queue.lock_members(project_id=item.project_id)
    item.refresh_from_db(fields=["state"])
    if item.state != Item.State.RETIRED:
        _check_unknown(item)
    queue.reopen(project=item.project, item_ids=[item.pk])
    item.refresh_from_db(fields=["state", "wanted", "open_slots"])
    return item


def _check_unknown(item: Item) -> None:
    if hasattr(item, "gold"):
        raise Conflict("This is a gold question: its answer is known, and nobody else is asked for it.")
    if Consensus.objects.filter(item=item, status=Consensus.Status.ADJUDICATED).exists():
        raise Conflict("An expert has decided this item; reopen the decision to ask others again.")
