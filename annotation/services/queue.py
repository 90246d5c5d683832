"""The queue: who gets which item next, and how slots come back.

Open slots are stored on the item: wanted - answers - active and assigned leases. A member's cursor says that
every open item before that place in the queue was already given to this member, so that next starts there instead of
wading through what they have done; docs/architecture.md tells why nothing gets stuck.

Locks are always taken in this order: membership, lease, items (by id).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from annotation.errors import InvalidInput, NotAllowed, NotFound
from annotation.models import Project, User
from annotation.roles import Action, may
from annotation.services import gold_turns, hot
from annotation.services import queue_sql as sql
from annotation.services.turns import Next, Training, Turn, turn_of

MOST_LEASES = 50
# The cursor moves up after so many answers: rarely enough to cost nothing, often enough to keep the scan short.
ANSWERS_PER_CURSOR_MOVE = 32
# A place in the queue.
BEFORE_ALL = {"priority": float("inf"), "item": 0}
# Cursors are moved back for so many items one by one; for more, to the first of them.
MOST_REWOUND = 50


def next_leases(*, annotator: User, project: Project, count: int = 1, client: str = "") -> Next:
    """The turns that this client holds, topped up to `count` with the most valuable open items.

    Asking again gives the same turns. Raises NotFound for strangers and NotAllowed for members who do not label.
    """
    if not 1 <= count <= MOST_LEASES:
        raise InvalidInput(f"count must be from 1 to {MOST_LEASES}.")
    with transaction.atomic():
        member = lock_member(annotator_id=annotator.pk, project_id=project.pk)
        found = top_up(member=member, answered=member.answered, count=count, client=client)
    return found if found.status != "busy" else _after_expiry(annotator, project.pk, count, client, found)


def _after_expiry(annotator: User, project_id: int, count: int, client: str, found: Next) -> Next:
    """Others hold the rest: if any of it has expired, bring it back now instead of waiting for the sweep."""
    # Outside the first transaction: it holds the member's lock, and expiry locks items before members.
    if not return_expired(project_id=project_id):
        return found
    with transaction.atomic():
        member = lock_member(annotator_id=annotator.pk, project_id=project_id)
        return top_up(member=member, answered=member.answered, count=count, client=client)


def lock_member(*, annotator_id: int, project_id: int) -> Any:
    """The member's row, locked with the rules of work that apply; only members whose role includes labeling."""
    # Locked: two requests of one person at once must not both take a slot of the same item.
    member = hot.row(sql.LOCK_MEMBER, {"annotator": annotator_id, "project": project_id})
    if member is None:
        raise NotFound("There is no such project, or you are not a member of it; join it to label.")
    if not may(member.role, Action.LABEL):
        raise NotAllowed(f"Your role here is {member.role}; it does not include labeling.")
    return member


def top_up(*, member: Any, answered: int, count: int, client: str) -> Next:
    """The caller holds the member's row lock."""
    allowance = MOST_LEASES if member.most is None else member.most - answered
    if stop := _reason_to_stop(member, allowance):
        return Next(stop[0], [], member.schema_id, answered, stop[1])
    now = timezone.now()
    scope = {
        "annotator": member.user_id,
        "project": member.project_id,
        "client": client,
        "now": now,
        "schema": member.schema_id,
        "suggest": member.suggestions,
    }
    held = hot.rows(sql.HELD, {**scope, "count": count})
    wanted = min(count, allowance) - len(held)
    lease = {**scope, "expires": now + timedelta(minutes=member.lease_minutes)}
    found = Next("ok", [turn_of(row) for row in held], member.schema_id, answered, warning=member.warning)
    if gold_turns.in_training(member):
        found = _training(member=member, held=held, scope=lease, count=wanted, found=found)
        if found.turns or found.status != "ok":
            return found
    if wanted > 0:
        found.turns.extend(
            _mixed(member=member, answered=answered, scope=lease, first=not held, count=wanted)
        )
    if not found.turns:
        # Also busy: items that are locked at this very moment, such as by a round that publishes its priorities.
        waiting = hot.row(sql.HELD_ELSEWHERE, scope) or hot.row(sql.FIRST_UNTOUCHED, {**scope, **BEFORE_ALL})
        return replace(found, status="busy" if waiting else "finished")
    return found


def _reason_to_stop(member: Any, allowance: int) -> tuple[str, str] | None:
    if member.archived_at:
        return "finished", "This project is archived."
    if member.paused_reason:
        return "paused", member.paused_reason
    if member.schema_id is None:
        return "finished", "This project has no questions yet."
    if allowance <= 0:
        return "limit", "You have reached the number of answers that one person may give in this project."
    return None


def _training(*, member: Any, held: list[Any], scope: dict[str, Any], count: int, found: Next) -> Next:
    """Training questions only, until there are no more; then `found` with no turns says that work may begin."""
    counts = gold_turns.training_counts(member)
    missing = min(count, member.training_questions - counts.done - counts.held)
    lease = {**scope, **BEFORE_ALL}
    taken = gold_turns.take(member=member, lease=lease, count=missing, training=True) if missing > 0 else []
    if held or taken:
        turns = [turn_of(row, training=row.is_gold) for row in [*held, *taken]]
        # There may be fewer than the project asks for.
        there_are = counts.done + counts.held + len(taken)
        questions = there_are if len(taken) < missing else member.training_questions
        return replace(found, turns=turns, training=Training(counts.done, questions))
    outcome, failed = gold_turns.end_training(member, scope["now"])
    if outcome == gold_turns.Outcome.HELD:
        return replace(found, status="busy")
    return replace(found, status="paused", detail=failed) if failed else found


def _mixed(*, member: Any, answered: int, scope: dict[str, Any], first: bool, count: int) -> list[Turn]:
    """Items from the queue, with gold questions in between where they fall due; `first`: the member holds nothing."""
    places = gold_turns.places(member, count)
    scope = {**scope, **_cursor(member, answered)}
    known = gold_turns.take(member=member, lease=scope, count=len(places)) if places else []
    missing = count - len(known)
    turns = _take_assigned(scope=scope, count=missing) if missing and member.has_assigned else []
    if missing > len(turns):
        last_resort = first and not known and not turns
        turns += _take(scope=scope, count=missing - len(turns), last_resort=last_resort)
    for place, row in zip(places, known, strict=False):
        turns.insert(place, turn_of(row))
    if turns and gold_turns.are_mixed_in(member):
        hot.rows(sql.COUNT_TURNS, {**scope, "count": len(turns)})
    if known and len(turns) > 1:
        # Shown again, they come in the same order.
        hot.rows(sql.IN_ORDER, {**scope, "leases": [turn.id for turn in turns]})
    return turns


def _take_assigned(*, scope: dict[str, Any], count: int) -> list[Turn]:
    """What was assigned to this member comes before anything else."""
    found = hot.rows(sql.take_assigned(count, scope["suggest"]), scope)
    return [turn_of(row) for row in sorted(found, key=lambda row: row.item_id)]


def _take(*, scope: dict[str, Any], count: int, last_resort: bool) -> list[Turn]:
    take = sql.take(count, scope["suggest"])
    found = hot.rows(take, scope)
    if not found and last_resort:
        # Dry from the cursor on: look once more from the very start, then at what this member put off.
        found = hot.rows(take, {**scope, **BEFORE_ALL})
        found = found or hot.rows(sql.TAKE_DEFERRED, {**scope, "count": count})
    return [turn_of(row) for row in found]


def _cursor(member: Any, answered: int) -> dict[str, Any]:
    """Where this member's scan begins; moved up now and then to the first open item that they never had."""
    place = {"priority": member.cursor_priority, "item": member.cursor_item}
    if member.cursor_priority is None:
        place = BEFORE_ALL
    if answered and answered % ANSWERS_PER_CURSOR_MOVE == 0:
        scope = {"annotator": member.user_id, "project": member.project_id}
        ahead = hot.row(sql.FIRST_UNTOUCHED, {**scope, **place})
        if ahead is not None and (found := {"priority": ahead.priority, "item": ahead.id}) != place:
            place = found
            hot.rows(sql.MOVE_CURSOR, {**scope, **place})
    return place


def return_expired(*, project_id: int | None = None) -> int:
    """Give the slots of expired leases back, in one project or in all; returns how many."""
    returned = hot.rows(sql.RETURN_EXPIRED, {"now": timezone.now(), "project": project_id})
    _rewind_to(returned)
    return len(returned)


def _rewind_to(items: list[Any]) -> None:
    if len(items) <= MOST_REWOUND:
        for item in items:
            rewind(project_id=item.project_id, priority=item.priority, item_id=item.id)
        return
    for project_id in {item.project_id for item in items}:
        first = min((item for item in items if item.project_id == project_id), key=_place)
        rewind_to(project_id=project_id, priority=first.priority, item_id=first.id)


def _place(item: Any) -> tuple[float, int]:
    return -item.priority, item.id


def rewind(*, project_id: int, priority: float, item_id: int) -> None:
    """An item at this place is open again (or new): members whose cursor is past it and who never had it go back."""
    hot.rows(sql.REWIND, {"project": project_id, "priority": priority, "item": item_id})


def rewind_to(*, project_id: int, priority: float, item_id: int) -> None:
    """Many items from this place on are open again: everybody whose cursor is past it goes back."""
    hot.rows(sql.REWIND_TO, {"project": project_id, "priority": priority, "item": item_id})


def rewind_before(*, project_id: int, priority: float) -> None:
    """Items with this priority and below may be new to people whose cursor is past them: they look again from there."""
    hot.rows(sql.REWIND_BEFORE, {"project": project_id, "priority": priority})


def rewind_all(*, project_id: int) -> None:
    """Many places changed at once: everybody starts over (the first scan after that is the only slow one)."""
    hot.rows(sql.REWIND_ALL, {"project": project_id})


@transaction.atomic
def release(*, project: Project, annotator: User, client: str | None = None) -> int:
    """Give back the turns that a person (or only one of their clients) holds; returns how many.

    What is assigned to them goes back only with all they hold.
    """
    lock_members(project_id=project.pk)
    scope = {"project": project.pk, "annotator": annotator.pk, "client": client}
    returned = hot.rows(sql.RELEASE, scope)
    if client is None:
        returned += hot.rows(sql.RELEASE_ASSIGNED, scope)
    _rewind_to(returned)
    return len(returned)


def lock_members(*, project_id: int) -> None:
    """Hold off everybody's next and submit in a project for the rest of the transaction."""
    # Members before items, as submit does; the other way round two of them could wait for each other for ever.
    hot.rows(sql.LOCK_MEMBERS, {"project": project_id})


def take_assignments_back(item_ids: list[int]) -> None:
    """These items are out of work or known: they wait for nobody any more. What people hold just now they may hand in."""
    hot.rows(sql.WITHDRAW_ASSIGNED, {"items": item_ids})
    hot.rows(sql.FORGET_ASSIGNED, {"items": item_ids})


def renew(*, annotator: User, leases: list[int], client: str) -> list[tuple[int, datetime]]:
    """Keep these turns for another full term; those that have gone to others are left out."""
    scope = {"annotator": annotator.pk, "client": client, "leases": leases, "now": timezone.now()}
    return [(row.id, row.expires_at) for row in hot.rows(sql.RENEW, scope)]


def save_draft(*, annotator: User, lease_id: int, answer: Any) -> None:
    """Keep an unfinished answer with the turn. Raises NotFound when the turn is over."""
    scope = {"annotator": annotator.pk, "lease": lease_id, "draft": orjson.dumps(answer).decode()}
    if not hot.rows(sql.SAVE_DRAFT, scope):
        raise NotFound("There is no such turn of yours, or it is over.")


@transaction.atomic
def reopen(*, project: Project, item_ids: list[int]) -> int:
    """Ask for one more answer to each of these items; retired ones come back with what they lacked."""
    lock_members(project_id=project.pk)
    reopened = hot.rows(sql.REOPEN, {"project": project.pk, "items": item_ids})
    _rewind_to(reopened)
    return len(reopened)


@transaction.atomic
def retire(*, project: Project, item_ids: list[int]) -> int:
    """Take these items out of the queue; their answers stay, and turns in progress may still be handed in.

    What is assigned and not begun is taken back.
    """
    # Leases before items, as submit has it.
    take_assignments_back(item_ids)
    return len(hot.rows(sql.RETIRE, {"project": project.pk, "items": item_ids}))
