"""Bulk actions: the same done to all items that match a filter, or to listed ones, by a worker.

Items are gone through in the order of ids. Each batch is one short transaction that writes `cursor` together with what it
did, so a worker that dies takes nothing back and nothing twice. What came after the request is not touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pghistory
from django.db import transaction

from annotation import filtering
from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import BulkAction, Item, Membership, Project, User
from annotation.roles import Action, may
from annotation.services import bulk_acting, jobs, queue, tags
from annotation.services.access import check
from annotation.services.jobs import Beat

Kind = BulkAction.Action
MOST_ITEMS = 10_000
MOST_PEOPLE = 100
# What each action asks of a member.
RIGHTS = {
    Kind.REQUEUE: Action.IMPORT,
    Kind.RETIRE: Action.IMPORT,
    Kind.ASSIGN: Action.MEMBERS,
    Kind.UNASSIGN: Action.MEMBERS,
    Kind.TAG: Action.TAG,
    Kind.UNTAG: Action.TAG,
}


def allowed(role: str | None) -> list[str]:
    """The actions that a member with this role may start, and see."""
    return [kind.value for kind, right in RIGHTS.items() if may(role, right)]


def action_for(*, user: User, action_id: int) -> BulkAction:
    """The bulk action, if this person may do the like. Raises NotFound, NotAllowed."""
    found = BulkAction.objects.select_related("project__schema", "created_by").filter(pk=action_id)
    job: BulkAction | None = found.first()
    if job is None:
        raise NotFound("There is no such bulk action, or you are not a member of its project.")
    check(user=user, project=job.project, action=RIGHTS[Kind(job.action)])
    return job


@transaction.atomic
def create(
    *,
    project: Project,
    by: User,
    action: str,
    where: str = "",
    items: Sequence[int] = (),
    people: Sequence[str] = (),
    everybody: bool = False,
    tag: str = "",
) -> BulkAction:
    """Ask for an action on the listed items, or on all that match `where`; empty means all of the project.

    `people` (usernames) goes with assign, where it is needed, and with unassign; `everybody` gives each item to all of them
    instead of to one in turn; `tag` goes with tag and untag. Raises NotAllowed, InvalidInput, Conflict.
    """
    if action not in Kind.values:
        raise _fault("action", f"An action is one of {', '.join(Kind.values)}.")
    check(user=by, project=project, action=RIGHTS[Kind(action)])
    if project.archived_at:
        raise Conflict("This project is archived.")
    if items and where:
        raise _fault("items", "Name items or a filter, not both.")
    checked = filtering.checked(project, where, gold=_sees_gold(project, by))
    last = project.items.order_by("-pk").values_list("pk", flat=True).first() or 0
    return BulkAction.objects.create(
        project=project,
        created_by=by,
        action=action,
        # A worker that begins again later takes no others.
        where=checked.fixed,
        items=_own(project, items),
        parameters=_parameters(project, by, Kind(action), people, everybody, tag),
        total=len(set(items)),
        last=last,
    )


def cancel(*, job: BulkAction) -> BulkAction:
    """Stop at the next batch; what was done stays. Raises Conflict."""
    jobs.cancel(job)
    return job


def retry(*, job: BulkAction) -> BulkAction:
    """Go on behind the last batch of an action that failed or was cancelled. Raises Conflict."""
    jobs.retry(job)
    return job


def run(*, action_id: int) -> bool:
    return jobs.run(BulkAction, action_id, _work)


def _own(project: Project, items: Sequence[int]) -> list[int]:
    wanted = sorted(set(items))
    if len(wanted) > MOST_ITEMS:
        raise _fault("items", f"At most {MOST_ITEMS:,} items are listed at once; use a filter for more.")
    if len(wanted) != Item.objects.filter(project=project, pk__in=wanted).count():
        raise _fault("items", "Some of these items are not in this project.")
    return wanted


def _parameters(
    project: Project, by: User, kind: Kind, people: Sequence[str], everybody: bool, tag: str
) -> dict[str, Any]:
    if kind in {Kind.ASSIGN, Kind.UNASSIGN}:
        if tag:
            raise _fault("tag", "A tag goes with tag and untag.")
        found = _people(project, people, labeling=kind == Kind.ASSIGN)
        each = {"everybody": everybody} if kind == Kind.ASSIGN else {}
        return {"people": [name for name, _ in found], "ids": [pk for _, pk in found], **each}
    if people:
        raise _fault("people", "People go with assign and unassign.")
    if kind in {Kind.TAG, Kind.UNTAG}:
        known = tags.named(project=project, name=tag) if kind == Kind.UNTAG else None
        if kind == Kind.UNTAG and known is None:
            raise _fault("tag", "There is no such tag in this project.")
        known = known or tags.ensure(project=project, by=by, name=tag)
        return {"tag": known.name, "tag_id": known.pk}
    if tag:
        raise _fault("tag", "A tag goes with tag and untag.")
    return {}


def _people(project: Project, names: Sequence[str], *, labeling: bool) -> list[tuple[str, int]]:
    names = list(dict.fromkeys(names))
    if labeling and not names:
        raise _fault("people", "Say whom to assign the items to.")
    if len(names) > MOST_PEOPLE:
        raise _fault("people", f"At most {MOST_PEOPLE} people at once.")
    members = Membership.objects.filter(project=project, user__username__in=names).select_related("user")
    known = {member.user.username: member for member in members}
    for name in names:
        if name not in known:
            raise _fault("people", f"{name} is not a member of this project.")
        if labeling and not known[name].may(Action.LABEL):
            raise _fault("people", f"{name} is {known[name].role} here and does not label.")
        if labeling and known[name].paused_reason:
            raise _fault("people", f"The work of {name} is paused.")
    return [(name, known[name].user_id) for name in names]


def _fault(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, faults=[Fault((field,), message)])


def _sees_gold(project: Project, user: User) -> bool:
    return may(project.role_of(user), Action.CONFIGURE)


def _work(job: BulkAction, beat: Beat) -> None:
    # Asked again: rights may have gone while it waited.
    check(user=job.created_by, project=job.project, action=RIGHTS[Kind(job.action)])
    where = filtering.checked(job.project, job.where, gold=_sees_gold(job.project, job.created_by))
    if job.cursor:
        # A worker may have died between a batch and what follows it.
        queue.rewind_all(project_id=job.project_id)
    elif not job.items:
        beat(total=bulk_acting.count(job, where))
        beat.now()
    left: Counter[str] = Counter(job.left)
    with pghistory.context(user=job.created_by_id, bulk_action=job.pk):
        while ids := bulk_acting.batch(job, where):
            _do(job, ids, left)
            beat()
    beat(total=job.done)


def _do(job: BulkAction, ids: list[int], left: Counter[str]) -> None:
    with transaction.atomic():
        # The SAVEPOINT of the inner one tells the audit trail who is at work; see services/items.py.
        with transaction.atomic():
            done = bulk_acting.act(job, ids)
        left.update(done.left)
        job.cursor, job.changed, job.done = ids[-1], job.changed + done.changed, job.done + len(ids)
        jobs.moved(job, cursor=job.cursor, changed=job.changed, left=dict(left))
    # After the transaction, which holds items; members come before them.
    if done.opened:
        first = min(done.opened, key=lambda item: (-item.priority, item.id))
        queue.rewind_to(project_id=job.project_id, priority=first.priority, item_id=first.id)
