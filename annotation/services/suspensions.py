"""Members who fell below the bar: let them go on, and settle what becomes of the answers they gave meanwhile."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict, NotFound
from annotation.models import Membership, Project, Suspension, User
from annotation.roles import Action
from annotation.services import gold_sql as sql
from annotation.services import hot, queue
from annotation.services.access import check
from annotation.services.consensus import settle


@transaction.atomic
def lift(*, project: Project, by: User, user_id: int) -> Membership:
    """Let a paused member go on. The gold questions of before count no longer; failed training begins anew."""
    check(user=by, project=project, action=Action.MEMBERS)
    # Locked: an answer of theirs that arrives now is judged before or after, not in between.
    member = Membership.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
    found = member.filter(project=project, user=user_id).first()
    if found is None:
        raise NotFound("There is no such member.")
    found.paused_reason, found.warning, found.judged_since = "", "", timezone.now()
    found.save(update_fields=["paused_reason", "warning", "judged_since"])
    return found


def set_aside(*, suspension_id: int, by: User) -> int:
    """Ask others for what this member answered while below the bar; returns how many answers no longer count.

    Batch by batch, safe to run again after an interruption. Raises NotFound, NotAllowed, Conflict when it is settled.
    """
    suspension = _open(suspension_id, by)
    while _set_aside_batch(suspension):
        pass
    queue.rewind_all(project_id=suspension.project_id)
    # Counted at the end: a run before this one may have been interrupted.
    count = hot.one(sql.COUNT_ASIDE, _range(suspension)).n
    _close(suspension, by, count)
    return int(count)


def withdraw(*, project: Project, user: User) -> None:
    """Ask others for everything that this person answered in a project: nothing of it counts any longer.

    Batch by batch, safe to run again after an interruption. The caller has seen to it that they answer nothing more.
    """
    everything = Suspension(project=project, user=user, first_annotation=0, last_annotation=2**62)
    while _set_aside_batch(everything):
        pass
    queue.rewind_all(project_id=project.pk)


def let_stand(*, suspension_id: int, by: User) -> None:
    """Keep the answers that were given while below the bar. Raises NotFound, NotAllowed, Conflict."""
    _close(_open(suspension_id, by), by, None)


def _open(suspension_id: int, by: User) -> Suspension:
    found = Suspension.objects.select_related("project").filter(pk=suspension_id).first()
    if found is None:
        raise NotFound("There is no such suspension.")
    check(user=by, project=found.project, action=Action.MEMBERS)
    if found.closed_at:
        raise Conflict("What becomes of these answers has been settled already.")
    return found


@transaction.atomic
def _set_aside_batch(suspension: Suspension) -> int:
    # Members before leases and items, as submit does.
    queue.lock_members(project_id=suspension.project_id)
    moved = hot.rows(sql.SET_ASIDE, {**_range(suspension), "now": timezone.now()})
    for item in moved:
        if item.is_full and (schema_id := suspension.project.schema_id):
            # Still all the answers it wants: what those that are left amount to.
            settle(item_id=item.id, schema_id=schema_id)
    return len(moved)


def _range(suspension: Suspension) -> dict[str, int]:
    return {
        "project": suspension.project_id,
        "annotator": suspension.user_id,
        "first": suspension.first_annotation,
        "last": suspension.last_annotation,
    }


def _close(suspension: Suspension, by: User, count: int | None) -> None:
    open_ones = Suspension.objects.filter(pk=suspension.pk, closed_at=None)
    if not open_ones.update(set_aside=count, closed_at=timezone.now(), closed_by=by):
        raise Conflict("Somebody settled this just now.")
