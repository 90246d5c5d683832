"""Adjudication: experts take disputes to their desk and decide them. Every step is a row that stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict, InvalidInput, NotAllowed
from annotation.models import Adjudication, Comment, Consensus, DisputeClaim, Item, Lease, User
from annotation.roles import Action
from annotation.services import adjudication_sql as sql
from annotation.services import consensus, hot, queue
from annotation.services.access import item_for
from annotation.services.schemas import form_of

Kind = Adjudication.Kind
CLAIM = timedelta(minutes=10)
LONGEST_NOTE = 1000
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Step:
    """What an expert says: the words that go with it, and a string that makes a resend harmless."""

    nonce: str
    note: str = ""


@transaction.atomic
def claim(*, user: User, project_id: int, count: int, passed: Sequence[int] = ()) -> list[int]:
    """Take the most doubtful disputes to this expert's desk: those that are there already, then fresh ones.

    `passed` are those that the expert has put off for now. Disputes on others' desks, those that annotators are asked
    to look at again, and, unless the project allows it, those that the expert answered are left out.
    """
    # An expert's desk is locked as a whole: two windows of theirs get the same disputes, not twice as many.
    hot.rows(sql.LOCK_EXPERT, {"project": project_id, "expert": user.pk})
    now = timezone.now()
    scope = {
        "project": project_id,
        "expert": user.pk,
        "passed": list(passed),
        "now": now,
        "until": now + CLAIM,
    }
    return [row.item_id for row in hot.rows(sql.claim(count), scope)]


@transaction.atomic
def decide(*, item_id: int, by: User, answer: Any, step: Step) -> Adjudication:
    """Settle an item by this answer, whatever its votes say. The same step again changes nothing.

    Raises NotFound, NotAllowed (also for an expert's own item), InvalidAnswer, and Conflict when it is decided, known
    or retired already.
    """
    item = _locked(item_id, by)
    if kept := _kept(item, by, step):
        return kept
    assert item.project.schema is not None, "an item with answers has questions"
    cleaned = form_of(item.project.schema.pk).clean(answer)
    _check_open(item)
    consensus.decide(project=item.project, schema=item.project.schema, item_id=item.pk, answer=cleaned)
    _move(item, Item.State.RESOLVED, doubt=0.0)
    return _keep(item, by, Kind.DECIDED, step, answer=cleaned)


def decide_alike(
    *, item_ids: Sequence[int], by: User, answer: Any, step: Step
) -> tuple[list[int], dict[int, str]]:
    """Settle several disputes by the same answer, each by itself: the ids that are decided, and why others are not."""
    if len(item_ids) > MOST_AT_ONCE:
        raise InvalidInput(f"At most {MOST_AT_ONCE} items are decided at once.")
    decided, refused = [], {}
    for item_id in dict.fromkeys(item_ids):
        try:
            decide(item_id=item_id, by=by, answer=answer, step=step)
            decided.append(item_id)
        except (Conflict, NotAllowed) as error:
            refused[item_id] = str(error)
    return decided, refused


@transaction.atomic
def reopen(*, item_id: int, by: User, step: Step) -> Adjudication:
    """Take a decision back: the item is disputed again until an expert decides anew. Raises Conflict without one."""
    item = _locked(item_id, by, own=True)
    if kept := _kept(item, by, step):
        return kept
    if not _is_decided(item):
        raise Conflict("No expert has decided this item; there is nothing to reopen.")
    consensus.forget(project_id=item.project_id, item_id=item.pk, status=Consensus.Status.ADJUDICATED)
    _move(item, Item.State.DISPUTED, doubt=1.0)
    return _keep(item, by, Kind.REOPENED, step)


@transaction.atomic
def ask_for_more(*, item_id: int, by: User, step: Step) -> Adjudication:
    """Ask one more person. Raises Conflict when the item is decided or retired."""
    item = _locked(item_id, by, own=True)
    if kept := _kept(item, by, step):
        return kept
    _check_open(item)
    queue.reopen(project=item.project, item_ids=[item.pk])
    return _keep(item, by, Kind.MORE, step)


@transaction.atomic
def send_back(*, item_id: int, by: User, step: Step) -> Adjudication:
    """Ask those who answered to look again, with a comment that says at what. Their answers stand until they revise.

    Raises InvalidInput without a comment, Conflict when nobody has answered or the item is decided or retired.
    """
    if not step.note.strip():
        raise InvalidInput("Say what the annotators should look at.")
    item = _locked(item_id, by, own=True)
    if kept := _kept(item, by, step):
        return kept
    _check_open(item)
    # Not `by`, who may have answered too: an expert decides instead.
    asked = Lease.objects.filter(item=item, state=Lease.State.SUBMITTED).exclude(annotator=by)
    if not asked.update(state=Lease.State.AGAIN, created_at=timezone.now()):
        raise Conflict("There is nobody to send it back to.")
    Comment.objects.create(item=item, author=by, body=step.note.strip())
    return _keep(item, by, Kind.SENT_BACK, step)


@transaction.atomic
def retire(*, item_id: int, by: User, step: Step) -> Adjudication:
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


def _kept(item: Item, by: User, step: Step) -> Adjudication | None:
    if len(step.note) > LONGEST_NOTE:
        raise InvalidInput(f"A note has at most {LONGEST_NOTE} characters.")
    return Adjudication.objects.filter(item=item, by=by, nonce=step.nonce).first()


def _is_decided(item: Item) -> bool:
    return Consensus.objects.filter(item=item, status=Consensus.Status.ADJUDICATED).exists()


def _check_open(item: Item) -> None:
    if item.project.archived_at:
        raise Conflict("The project is archived; restore it first.")
    if item.state == Item.State.RETIRED:
        raise Conflict("This item is retired; bring it back first.")
    if hasattr(item, "gold"):
        raise Conflict(
            "This is a gold question; its answer is known. Change it on the page of gold questions."
        )
    last = (
        Adjudication.objects.filter(item=item, kind=Kind.DECIDED).select_related("by").order_by("-pk").first()
    )
    if last is not None and _is_decided(item):
        raise Conflict(f"{last.by} has decided this item already; reopen it to decide anew.")


def _move(item: Item, state: str, *, doubt: float) -> None:
    item.state, item.doubt = state, doubt
    item.save(update_fields=["state", "doubt"])


def _keep(item: Item, by: User, kind: str, step: Step, answer: Any = None) -> Adjudication:
    DisputeClaim.objects.filter(item=item).delete()
    # Whoever was asked to look again need not any more, unless that is what was just asked.
    if kind != Kind.SENT_BACK:
        Lease.objects.filter(item=item, state=Lease.State.AGAIN).update(state=Lease.State.SUBMITTED)
    return Adjudication.objects.create(
        project=item.project,
        item=item,
        kind=kind,
        schema=item.project.schema if answer is not None else None,
        answer=answer,
        note=step.note.strip(),
        by=by,
        nonce=step.nonce,
        created_at=timezone.now(),
    )
