"""Flags and comments: what people say about an item."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from annotation.errors import Fault, InvalidInput, NotAllowed, NotFound
from annotation.models import Comment, Flag, User
from annotation.roles import Action, may
from annotation.services.access import check
from annotation.services.items import Opened, open_item
from annotation.services.validation import clean


def _open_to_speak(by: User, item_id: int) -> Opened:
    opened = open_item(user=by, item_id=item_id)
    check(user=by, project=opened.item.project, action=Action.LABEL)
    return opened


@transaction.atomic
def flag(*, by: User, item_id: int, reason: str = "") -> tuple[Flag, bool]:
    """Ask others to look at an item; a person's second flag gives the first one its new reason.

    Returns the flag and whether it is new. Raises NotFound, NotAllowed, InvalidInput.
    """
    opened = _open_to_speak(by, item_id)
    reason = reason.strip()
    clean(Flag(reason=reason), only={"reason"})
    found, created = Flag.objects.get_or_create(
        item=opened.item, author=by, closed_at=None, defaults={"reason": reason}
    )
    if not created and reason and reason != found.reason:
        found.reason = reason
        found.save(update_fields=["reason"])
    return found, created


@transaction.atomic
def withdraw_flag(*, by: User, item_id: int) -> None:
    """Close one's own flag. Harmless when there is none. Raises NotFound, NotAllowed."""
    opened = _open_to_speak(by, item_id)
    Flag.objects.filter(item=opened.item, author=by, closed_at=None).update(
        closed_at=timezone.now(), closed_by=by
    )


@transaction.atomic
def close_flag(*, by: User, flag_id: int) -> Flag:
    """Say that a flag is dealt with: its author, or whoever adjudicates. Harmless when repeated."""
    # Locked: of two who close it at once, the first one is remembered.
    found = (
        Flag.objects.select_for_update(of=("self",))
        .select_related("item__project", "author")
        .filter(pk=flag_id)
    )
    flagged = found.first()
    role = flagged.item.project.role_of(by) if flagged else None
    if flagged is None or role is None:
        raise NotFound("There is no such flag, or you are not a member of its project.")
    if flagged.author_id != by.pk and not may(role, Action.ADJUDICATE):
        raise NotAllowed(f"Your role here is {role.value}; you may close only your own flags.")
    if flagged.closed_at is None:
        flagged.closed_at, flagged.closed_by = timezone.now(), by
        flagged.save(update_fields=["closed_at", "closed_by"])
    return flagged


def comments(*, by: User, item_id: int, after: int = 0, limit: int = 500) -> list[Comment]:
    """What was said about an item, oldest first. Raises NotFound, NotAllowed."""
    opened = open_item(user=by, item_id=item_id)
    found = Comment.objects.filter(item=opened.item, pk__gt=after).select_related("author")
    return list(found.order_by("pk")[:limit])


@transaction.atomic
def comment(*, by: User, item_id: int, body: str, parent_id: int | None = None) -> Comment:
    """Say something, or answer what was said; an answer to an answer joins the same thread.

    Raises NotFound, NotAllowed, InvalidInput.
    """
    opened = _open_to_speak(by, item_id)
    parent = _thread(opened, parent_id) if parent_id is not None else None
    said = Comment(item=opened.item, author=by, parent=parent, body=body.strip())
    clean(said, only={"body"})
    said.save()
    return said


def _thread(opened: Opened, parent_id: int) -> Comment:
    parent = Comment.objects.select_related("parent").filter(pk=parent_id, item=opened.item).first()
    if parent is None:
        fault = Fault(("parent",), "There is no such comment on this item.")
        raise InvalidInput("There is no such comment on this item.", faults=[fault])
    return parent.parent or parent
