"""Assignments: turns that a manager gives to somebody, and takes back.

An assigned turn holds a slot of its item for one person, without end. It comes before the queue, and when that person lets
it run out, it waits for them. Where an item has no slot left, one more answer is wanted of it.

Locks are taken in the order of the queue: members, leases, items (by id).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotation.models import Project
from annotation.roles import Action, may
from annotation.services import assigning_sql as sql
from annotation.services import hot, queue

# What a turn that somebody has had says against giving it to them.
_HAD = {"submitted": "answered", "again": "answered", "set_aside": "answered", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class Done:
    """How many items were changed; why the others were left as they were ({reason: how many}); and which of them are open to
    others now, whose cursors are to be moved back once the transaction is over."""

    changed: int
    left: Counter[str] = field(default_factory=Counter)
    opened: Sequence[Any] = ()


@dataclass(slots=True)
class _Plan:
    """What is to be written."""

    given: list[tuple[int, int]] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    items: list[tuple[int, int, int]] = field(default_factory=list)
    changed: int = 0
    left: Counter[str] = field(default_factory=Counter)


@transaction.atomic
def assign(
    *,
    project: Project,
    item_ids: Sequence[int],
    people: Sequence[int],
    everybody: bool = False,
    turn: int = 0,
) -> Done:
    """Give these items to these people in turn, beginning with number `turn`, or each to `everybody`.

    Who has had an item is passed over. People who do not label here (any more) get nothing.
    """
    scope = {"project": project.pk, "items": list(item_ids), "people": list(people)}
    # Members first: the next turns of these people are handed out before, or see what was assigned.
    members = {row.user_id: row for row in hot.rows(sql.LOCK_PEOPLE, scope)}
    able = [person for person in people if person in members and _labels(members[person])]
    turns = {(row.item_id, row.annotator_id): row for row in hot.rows(sql.LOCK_TURNS, scope)}
    plan = _Plan()
    for place, item in enumerate(_locked(scope)):
        first = 0 if everybody else (turn + place) % max(1, len(able))
        _plan(plan, item, able[first:] + able[:first], turns, everybody=everybody)
    _write(project, plan)
    return Done(plan.changed, plan.left + _gone(scope, plan))


def take_back(*, project: Project, item_ids: Sequence[int], people: Sequence[int] | None = None) -> Done:
    """Let these items go back to the queue, of these people or of all. Who is at work on one may hand it in."""
    with transaction.atomic():
        queue.lock_members(project_id=project.pk)
        scope = {"items": list(item_ids), "people": None if people is None else list(people)}
        opened = hot.rows(sql.TAKE_BACK, scope)
    left = Counter({"not_assigned": len(item_ids) - len(opened)})
    return Done(len(opened), +left, opened)


def lock_items(*, project: Project, item_ids: Sequence[int]) -> list[Any]:
    """These items, locked in order, with `is_gold` and `is_decided` (by an expert). The caller holds what comes before."""
    return _locked({"project": project.pk, "items": list(item_ids)})


def _locked(scope: dict[str, Any]) -> list[Any]:
    hot.rows(sql.LOCK_ITEMS, scope)
    return hot.rows(sql.ITEMS, scope)


def _labels(member: Any) -> bool:
    return not member.paused_reason and may(member.role, Action.LABEL)


def _plan(plan: _Plan, item: Any, people: list[int], turns: dict[Any, Any], *, everybody: bool) -> None:
    if reason := _against(item, people):
        plan.left[reason] += 1
        return
    fresh: list[int] = []
    reason, begun = "", False
    for person in people:
        turn = turns.get((item.id, person))
        if why := _had(turn):
            reason = reason or why
            continue
        if turn is not None and turn.state == "active":
            plan.held.append(turn.id)
            begun = True
        else:
            fresh.append(person)
        if not everybody:
            break
    if not fresh and not begun:
        plan.left[reason] += 1
        return
    plan.changed += 1
    plan.given += [(item.id, person) for person in fresh]
    if fresh:
        plan.items.append((item.id, *_slots(item, len(fresh))))


def _against(item: Any, people: list[int]) -> str:
    if not people:
        return "nobody"
    if item.is_gold:
        return "gold"
    return "decided" if item.is_decided else "retired" if item.state == "retired" else ""


def _had(turn: Any | None) -> str:
    if turn is None:
        return ""
    if turn.assigned and turn.state in {"assigned", "active"}:
        return "assigned"
    return _HAD.get(turn.state, "")


def _slots(item: Any, count: int) -> tuple[int, int]:
    """How many answers are wanted, and how many slots are open, once so many more are held."""
    free = min(count, max(0, item.open_slots))
    # Settled items want answers again, whatever the project came to want meanwhile.
    wanted = max(item.wanted + count - free, item.answers + count)
    return wanted, item.open_slots + wanted - item.wanted - count


def _write(project: Project, plan: _Plan) -> None:
    ids, wanted, slots = (
        (list(column) for column in zip(*plan.items, strict=True)) if plan.items else ([],) * 3
    )
    hot.rows(sql.HOLD_SLOTS, {"items": ids, "wanted": wanted, "slots": slots})
    items, people = [item for item, _ in plan.given], [person for _, person in plan.given]
    now = timezone.now()
    hot.rows(sql.GIVE, {"project": project.pk, "items": items, "people": people, "now": now})
    hot.rows(sql.GIVE_ON, {"leases": plan.held})


def _gone(scope: dict[str, Any], plan: _Plan) -> Counter[str]:
    """Items that were deleted meanwhile."""
    return +Counter({"gone": len(scope["items"]) - plan.changed - plan.left.total()})
