"""Adjudication: experts take disputes to their desk and decide them. Every step is a row that stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict, Fault, InvalidAnswer, InvalidInput, NotAllowed
from annotation.models import (
    Adjudication,
    Comment,
    Consensus,
    DisputeClaim,
    Item,
    Lease,
    Membership,
    Project,
    Schema,
    User,
)
from annotation.roles import CAN, Action
from annotation.services import adjudication_sql as sql
from annotation.services import consensus, hot, queue
from annotation.services.access import item_for, project_for
from annotation.services.readings import form_of

Kind = Adjudication.Kind
CLAIM = timedelta(minutes=10)
# A dispute that annotators were asked to look at again waits so long for them; then experts get it all the same.
SENT_BACK = timedelta(days=7)
MOST_CLAIMED = 50
MOST_PASSED = 1000
LONGEST_NOTE = 1000
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Step:
    """What an expert says: the words that go with it, and a string that makes a resend harmless."""

    nonce: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that is kept, and whether this very call made it."""

    row: Adjudication
    created: bool


@transaction.atomic
def claim(*, user: User, project_id: int, count: int, passed: Sequence[int] = ()) -> list[int]:
    """Take the most doubtful disputes to this expert's desk: those that are there already, then fresh ones.

    `passed` are those that the expert has put off for now. Disputes on others' desks, those that annotators are asked
    to look at again, and, unless the project allows it, those that the expert answered are left out.
    """
    if not 1 <= count <= MOST_CLAIMED:
        raise InvalidInput(f"count must be from 1 to {MOST_CLAIMED}.")
    project = project_for(user=user, project_id=project_id, action=Action.ADJUDICATE)
    if project.archived_at:
        return []
    # An expert's desk is locked as a whole: two windows of theirs get the same disputes, not twice as many.
    hot.rows(sql.LOCK_EXPERT, {"project": project_id, "expert": user.pk})
    now = timezone.now()
    scope = {
        "project": project_id,
        "expert": user.pk,
        "passed": list(passed)[:MOST_PASSED],
        "now": now,
        "until": now + CLAIM,
        "sent_since": now - SENT_BACK,
    }
    return [row.item_id for row in hot.rows(sql.claim(count), scope)]


@transaction.atomic
def take_up(*, user: User, item_id: int) -> None:
    """Put this very item on the expert's desk. Raises NotFound, NotAllowed, and Conflict with what stands against it."""
    item = _locked(item_id, user)
    _check_decidable(item)
    now = timezone.now()
    scope = {"item": item_id, "expert": user.pk, "now": now, "until": now + CLAIM}
    if not hot.rows(sql.TAKE_UP, scope):
        raise Conflict(f"{DisputeClaim.objects.get(item=item).expert} has this item on their desk.")


@transaction.atomic
def decide(*, item_id: int, by: User, answer: Any, step: Step) -> Taken:
    """Settle an item by this answer, whatever its votes say. The same step again changes nothing.

    Raises NotFound, NotAllowed (also for an expert's own item), InvalidAnswer, and Conflict when it is decided, known
    or retired already, or nobody has answered it.
    """
    item = _locked(item_id, by)
    if kept := _kept(item, by, step):
        return kept
    schema, cleaned = _cleaned(item.project, answer)
    _check_decidable(item)
    evidence = consensus.inferred(items=[item.pk])[item.pk]
    consensus.decide(project=item.project, schema=schema, item_id=item.pk, answer=cleaned)
    _move(item, Item.State.RESOLVED, doubt=0.0)
    return _keep(item, by, Kind.DECIDED, step, answer=cleaned, evidence=evidence)


def decide_alike(
    *, project_id: int, item_ids: Sequence[int], by: User, answer: Any, step: Step
) -> tuple[list[int], dict[int, str]]:
    """Settle several disputes by the same answer, each by itself: the ids that are decided, and why others are not.

    The same step again gives the same. Raises NotFound, NotAllowed and InvalidAnswer before anything is decided.
    """
    if len(item_ids) > MOST_AT_ONCE:
        raise InvalidInput(f"At most {MOST_AT_ONCE} items are decided at once.")
    project = project_for(user=by, project_id=project_id, action=Action.ADJUDICATE)
    _cleaned(project, answer)
    _check_note(step)
    here = set(Item.objects.filter(project=project, pk__in=list(item_ids)).values_list("pk", flat=True))
    decided: list[int] = []
    refused = {
        item_id: "There is no such item in this project." for item_id in item_ids if item_id not in here
    }
    for item_id in dict.fromkeys(item_id for item_id in item_ids if item_id in here):
        try:
            decide(item_id=item_id, by=by, answer=answer, step=step)
            decided.append(item_id)
        except (Conflict, NotAllowed) as error:
            refused[item_id] = str(error)
    return decided, refused


@transaction.atomic
def reopen(*, item_id: int, by: User, step: Step) -> Taken:
    """Take a decision back: the item is disputed again until an expert decides anew, whatever its votes say.

    Raises Conflict where there is no decision, or the item is retired.
    """
    item = _locked(item_id, by, own=True)
    if kept := _kept(item, by, step):
        return kept
    if not _is_decided(item):
        raise Conflict("No expert has decided this item; there is nothing to reopen.")
    _check_in_work(item)
    consensus.forget(project_id=item.project_id, item_id=item.pk, status=Consensus.Status.ADJUDICATED)
    _want_no_more(item)
    _move(item, Item.State.DISPUTED, doubt=1.0)
    return _keep(item, by, Kind.REOPENED, step)


@transaction.atomic
def ask_for_more(*, item_id: int, by: User, step: Step) -> Taken:
    """Ask one more person. Raises Conflict when the item is decided, retired or waiting for answers already, and when
    nobody is left who has not had it."""
    item = _locked(item_id, by, own=True)
    if kept := _kept(item, by, step):
        return kept
    _check_open(item)
    if item.state == Item.State.OPEN:
        raise Conflict("This item is waiting for answers already.")
    if not _somebody_left(item, by):
        raise Conflict("Everybody who labels here has had this item; decide it, or add a member first.")
    queue.reopen(project=item.project, item_ids=[item.pk])
    return _keep(item, by, Kind.MORE, step)


@transaction.atomic
def send_back(*, item_id: int, by: User, step: Step) -> Taken:
    """Ask those who answered to look again, with a comment that says at what. Their answers stand until they revise.

    Raises InvalidInput without a comment, Conflict when the item is not disputed or nobody else has answered.
    """
    if not step.note.strip():
        message = "Say what the annotators should look at."
        raise InvalidInput(message, faults=[Fault(("note",), message)])
    item = _locked(item_id, by, own=True)
    if kept := _kept(item, by, step):
        return kept
    _check_open(item)
    if item.state != Item.State.DISPUTED:
        raise Conflict(f"Only disputes are sent back; this item is {item.state}.")
    # Not `by`, who may have answered too: an expert decides instead.
    asked = Lease.objects.filter(item=item, state=Lease.State.SUBMITTED).exclude(annotator=by)
    if not asked.update(state=Lease.State.AGAIN, created_at=timezone.now()):
        raise Conflict("There is nobody to send it back to.")
    Comment.objects.create(item=item, author=by, body=step.note.strip())
    return _keep(item, by, Kind.SENT_BACK, step)


@transaction.atomic
def retire(*, item_id: int, by: User, step: Step) -> Taken:
    """Take an item out of work that cannot be answered. Its answers stay, and it can be brought back."""
    item = _locked(item_id, by, own=True)
    if kept := _kept(item, by, step):
        return kept
    _check_open(item)
    _move(item, Item.State.RETIRED, doubt=item.doubt)
    return _keep(item, by, Kind.RETIRED, step)


@transaction.atomic
def let_go(*, user: User, project_id: int) -> None:
    """Clear this expert's desk, so that others can have what lies there."""
    project_for(user=user, project_id=project_id, action=Action.ADJUDICATE)
    DisputeClaim.objects.filter(expert=user, item__project=project_id).delete()


def _locked(item_id: int, by: User, *, own: bool = False) -> Item:
    """The item, locked; `own` whether the expert may have answered it in any case."""
    item = item_for(user=by, item_id=item_id, action=Action.ADJUDICATE)
    # Members before items, as submit does; the other way round a late answer and a decision could wait for each other.
    queue.lock_members(project_id=item.project_id)
    # Locked: a late answer, another expert and the label model move it too.
    item = (
        Item.objects.select_for_update(no_key=True, of=("self",))
        .select_related("project__schema")
        .get(pk=item_id)
    )
    answered = Lease.objects.filter(item=item, annotator=by, annotation__isnull=False)
    if not own and not item.project.adjudicate_own and answered.exists():
        raise NotAllowed("You answered this item yourself; another expert has to decide it.")
    return item


def _kept(item: Item, by: User, step: Step) -> Taken | None:
    _check_note(step)
    row = Adjudication.objects.select_related("by", "schema").filter(item=item, by=by, nonce=step.nonce)
    return Taken(row[0], created=False) if row else None


def _check_note(step: Step) -> None:
    if len(step.note) > LONGEST_NOTE:
        message = f"A note has at most {LONGEST_NOTE} characters."
        raise InvalidInput(message, faults=[Fault(("note",), message)])


def _cleaned(project: Project, answer: Any) -> tuple[Schema, dict[str, Any]]:
    """The answer as it is kept, under the project's questions."""
    if project.schema is None:
        raise Conflict("This project has no questions yet; nothing can be decided.")
    cleaned = form_of(project.schema.pk).clean(answer)
    if not cleaned:
        raise InvalidAnswer("Answer at least one question.", faults=[Fault((), "Nothing is said.")])
    return project.schema, cleaned


def _is_decided(item: Item) -> bool:
    return Consensus.objects.filter(item=item, status=Consensus.Status.ADJUDICATED).exists()


def _check_in_work(item: Item) -> None:
    if item.project.archived_at:
        raise Conflict("The project is archived; restore it first.")
    if item.state == Item.State.RETIRED:
        raise Conflict("This item is retired; bring it back first.")


def _check_open(item: Item) -> None:
    _check_in_work(item)
    if hasattr(item, "gold"):
        # In words that do not tell a gold question to an expert who labels as well.
        raise Conflict("This item is not open to decisions.")
    last = (
        Adjudication.objects.filter(item=item, kind=Kind.DECIDED).select_related("by").order_by("-pk").first()
    )
    if last is not None and _is_decided(item):
        raise Conflict(f"{last.by} has decided this item already; reopen it to decide anew.")


def _check_decidable(item: Item) -> None:
    _check_open(item)
    if not item.answers:
        raise Conflict("Nobody has answered this item yet; there is nothing to decide between.")


def _somebody_left(item: Item, by: User) -> bool:
    """Whether there is a member, other than this expert, who labels and has not had the item."""
    labeling = [role for role, actions in CAN.items() if Action.LABEL in actions]
    had = Lease.objects.filter(item=item).exclude(state=Lease.State.RETURNED).values("annotator")
    able = Membership.objects.filter(project=item.project_id, role__in=labeling, paused_reason="")
    return able.exclude(user=by).exclude(user__in=had).exists()


def _want_no_more(item: Item) -> None:
    """What an item still lacked when it was decided is not asked any more once it is disputed."""
    # Never to 0, which is the mark of a gold question.
    fewer = item.wanted - min(item.wanted, max(1, item.answers))
    item.wanted, item.open_slots = item.wanted - fewer, item.open_slots - fewer
    item.save(update_fields=["wanted", "open_slots"])


def _move(item: Item, state: str, *, doubt: float) -> None:
    item.state, item.doubt = state, doubt
    item.save(update_fields=["state", "doubt"])


def _keep(
    item: Item, by: User, kind: str, step: Step, answer: Any = None, evidence: dict[str, Any] | None = None
) -> Taken:
    DisputeClaim.objects.filter(item=item).delete()
    # Whoever was asked to look again need not any more, unless that is what was just asked.
    if kind != Kind.SENT_BACK:
        Lease.objects.filter(item=item, state=Lease.State.AGAIN).update(state=Lease.State.SUBMITTED)
    if kind in {Kind.DECIDED, Kind.RETIRED}:
        queue.take_assignments_back([item.pk])
    row = Adjudication.objects.create(
        project=item.project,
        item=item,
        kind=kind,
        schema=item.project.schema if answer is not None else None,
        answer=answer,
        note=step.note.strip(),
        evidence=evidence or {},
        by=by,
        nonce=step.nonce,
        created_at=timezone.now(),
    )
    return Taken(row, created=True)
