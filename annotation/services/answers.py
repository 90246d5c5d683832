"""Answers: submit, revise and skip. Each is one short transaction, and sending it again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

import orjson
from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict, InvalidAnswer, LeaseExpired, NotAllowed, NotFound, SchemaChanged
from annotation.models import Lease, Project, Schema, SkipPolicy, User
from annotation.roles import Action, may
from annotation.services import answers_sql as sql
from annotation.services import gold_turns, hot, queue, queue_sql
from annotation.services.consensus import settle
from annotation.services.following import followed
from annotation.services.gold_turns import Feedback
from annotation.services.readings import form_of, read_answer
from annotation.services.turns import Next

# Turns that have their slot. An assigned one was handed out and ran out; it is this person's all the same.
_HELD = {Lease.State.ACTIVE, Lease.State.AGAIN, Lease.State.ASSIGNED}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client says. `schema` is the version that its form showed; None means the current one."""

    answer: Any
    nonce: str
    seconds: float | None = None
    schema: int | None = None
    origin: str = "person"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was kept: the annotation, whether this very call made it, what a gold question taught, and the turns that
    follow."""

    annotation_id: int
    item_id: int
    created_at: datetime
    created: bool
    feedback: Feedback | None = None
    next: Next | None = None


@dataclass(slots=True)
class _After:
    """What is left to do once the transaction is over, for its locks come before those that the transaction holds."""

    open_again: Any = None
    paused: bool = False

    def run(self, turn: Any) -> None:
        if self.open_again:
            place = self.open_again
            queue.rewind(project_id=place.project_id, priority=place.priority, item_id=place.id)
        if self.paused:
            queue.release(project=Project(pk=turn.project_id), annotator=User(pk=turn.user_id))


def submit(
    *,
    annotator: User,
    lease_id: int,
    given: Answer,
    client: str = "",
    next_count: int = 0,
    now: datetime | None = None,
) -> Receipt:
    """Keep the answer to a leased item, and reserve the next ones in the same transaction.

    The same nonce again returns the first receipt. An expired lease is honoured while its slot is free. Raises
    NotFound (not your lease), LeaseExpired, InvalidAnswer with each fault, SchemaChanged, Conflict (answered already).
    """
    after = _After()
    with transaction.atomic():
        turn = _lock_turn(annotator, lease_id)
        receipt = _replay(turn, given) or _keep(turn, given, now or timezone.now(), after)
        if next_count:
            receipt = replace(receipt, next=_following(turn, receipt, client, next_count))
    after.run(turn)
    return receipt


def _lock_turn(annotator: User, lease_id: int) -> Any:
    # Member first, as in next: two clicks of one person wait here for each other, and the second finds the first's work.
    turn = hot.row(sql.LOCK_TURN, {"lease": lease_id, "annotator": annotator.pk})
    if turn is None:
        raise NotFound("There is no such lease of yours.")
    if not may(turn.role, Action.LABEL):
        raise NotAllowed(f"Your role here is {turn.role}; it does not include labeling.")
    return turn


def _replay(turn: Any, given: Answer) -> Receipt | None:
    """The receipt of the first time, if this is a resend."""
    if turn.annotation_id is None:
        return None
    kept = hot.row(sql.BY_NONCE, {"annotator": turn.user_id, "nonce": given.nonce})
    if kept is not None and kept.item_id == turn.item_id:
        told = gold_turns.told(turn, kept.id) if turn.gold_id else None
        return Receipt(kept.id, kept.item_id, kept.created_at, created=False, feedback=told)
    if kept is None and turn.state == Lease.State.AGAIN:
        return None
    raise Conflict("You have answered this item already; revise that answer instead.")


def _keep(turn: Any, given: Answer, now: datetime, after: _After) -> Receipt:
    if turn.paused_reason:
        # On its way when the pause began: its place is somebody else's now.
        raise LeaseExpired(f"Your work here is paused. {turn.paused_reason}")
    schema_id, answer = _checked(turn, given)
    if turn.state not in _HELD:
        _take_back(turn)
    statement = sql.REVISE if turn.state == Lease.State.AGAIN else sql.KEEP
    kept = hot.row(statement, _row(turn, schema_id, answer, given, now))
    if kept is None:
        raise Conflict("This nonce was used for another answer of yours; send a fresh one.")
    feedback = None
    if turn.gold_id:
        judged = gold_turns.record(
            turn=turn, annotation_id=kept.id, schema_id=schema_id, answer=answer, now=now
        )
        feedback, after.paused = judged.feedback, judged.paused
    elif kept.answers >= kept.wanted and kept.answers > 1:
        after.open_again = settle(item_id=turn.item_id, schema_id=turn.schema_id)
    return Receipt(kept.id, turn.item_id, now, created=True, feedback=feedback)


def _row(turn: Any, schema_id: int, answer: dict[str, Any], given: Answer, now: datetime) -> dict[str, Any]:
    return {
        "annotation": turn.annotation_id,
        "project": turn.project_id,
        "item": turn.item_id,
        "annotator": turn.user_id,
        "lease": turn.id,
        "schema": schema_id,
        "answer": orjson.dumps(answer).decode(),
        "nonce": given.nonce,
        "seconds": given.seconds,
        "origin": given.origin,
        "suggested": turn.suggested,
        "followed": turn.suggested and followed(turn, schema_id, answer),
        "now": now,
    }


def _checked(turn: Any, given: Answer) -> tuple[int, dict[str, Any]]:
    """The answer as its schema reads it, and that schema. An older version is accepted while it reads the same."""
    schema_id = turn.schema_id
    if given.schema is not None and given.schema != turn.schema_version:
        schema_id = _older(turn, given.schema, given.answer)
    return schema_id, form_of(schema_id).clean(given.answer)


def _older(turn: Any, version: int, said: Any) -> int:
    older = Schema.objects.filter(project_id=turn.project_id, version=version).first()
    if older is None:
        raise InvalidAnswer(f"This project has no schema version {version}.")
    current = Schema.objects.get(pk=turn.schema_id)
    answer, unresolved = read_answer(older, current, form_of(older.pk).clean(said))
    try:
        complete = not unresolved and form_of(current.pk).clean(answer) is not None
    except InvalidAnswer:
        complete = False
    if not complete:
        raise SchemaChanged("The questions have changed since this form was loaded; load it again.")
    return int(older.pk)


def _take_back(turn: Any) -> None:
    """Honour a lease that had run out, if its slot is still free."""
    if turn.state != Lease.State.RETURNED or _retaken(turn) is None:
        raise LeaseExpired("Your reservation of this item ran out and its place was given to somebody else.")


def _retaken(turn: Any) -> Any | None:
    return hot.row(sql.RETAKE, {"item": turn.item_id, "gold": turn.gold_id is not None})


def set_overlap(*, project: Project, wanted: int) -> None:
    """Every item of a project now wants so many answers; slots and states follow, batch by batch in the order of ids.

    Safe to run again after an interruption. Must not run inside a transaction: it would hold up all labeling.
    """
    after = 0
    while (last := _set_overlap_of_batch(project, wanted, after)) is not None:
        after = last
    queue.rewind_all(project_id=project.pk)


@transaction.atomic
def _set_overlap_of_batch(project: Project, wanted: int, after: int) -> int | None:
    batch = hot.one(queue_sql.SET_OVERLAP, {"project": project.pk, "wanted": wanted, "after": after})
    for item_id in batch.full_items or []:
        assert project.schema_id, "there are answers, so there is a schema"
        settle(item_id=item_id, schema_id=project.schema_id)
    return cast("int | None", batch.last)


def _following(turn: Any, receipt: Receipt | None, client: str, count: int) -> Next:
    member, answered = turn, turn.answered
    if turn.gold_id:
        # What was just learned of this member decides what comes next.
        member = queue.lock_member(annotator_id=turn.user_id, project_id=turn.project_id)
        answered = member.answered
    elif receipt is not None and receipt.created and turn.state != Lease.State.AGAIN:
        answered += 1
    return queue.top_up(member=member, answered=answered, count=min(count, queue.MOST_LEASES), client=client)


def revise(*, annotator: User, annotation_id: int, given: Answer) -> Receipt:
    """Replace an own answer by a new one that supersedes it; the old one stays readable.

    Raises NotFound, Conflict when it was revised meanwhile, InvalidAnswer.
    """
    after = _After()
    turn, receipt = _revise(annotator, annotation_id, given, after)
    after.run(turn)
    return receipt


@transaction.atomic
def _revise(annotator: User, annotation_id: int, given: Answer, after: _After) -> tuple[Any, Receipt]:
    turn = hot.row(sql.LOCK_TURN_OF, {"annotation": annotation_id, "annotator": annotator.pk})
    if turn is None:
        raise NotFound("There is no such answer of yours.")
    kept = hot.row(sql.BY_NONCE, {"annotator": annotator.pk, "nonce": given.nonce})
    if kept is not None and kept.supersedes_id == annotation_id:
        return turn, Receipt(kept.id, kept.item_id, kept.created_at, created=False)
    if kept is not None or turn.annotation_id != annotation_id:
        raise Conflict("This answer was revised meanwhile; load it again.")
    if turn.state == Lease.State.SET_ASIDE:
        raise Conflict("This answer was set aside by a manager; it cannot be revised any more.")
    if turn.paused_reason:
        raise Conflict(f"Your work here is paused. {turn.paused_reason}")
    if turn.gold_id and gold_turns.was_told(turn):
        raise Conflict("You may have been told how this one should be; it cannot be revised any more.")
    schema_id, answer = _checked(turn, given)
    now = timezone.now()
    made = hot.one(sql.REVISE, _row(turn, schema_id, answer, given, now))
    if turn.gold_id:
        judged = gold_turns.record(
            turn=turn, annotation_id=made.id, schema_id=schema_id, answer=answer, now=now
        )
        after.paused = judged.paused
    elif made.answers >= made.wanted and made.state in {"resolved", "disputed"}:
        after.open_again = settle(item_id=turn.item_id, schema_id=turn.schema_id)
    return turn, Receipt(made.id, turn.item_id, now, created=True)


def skip(
    *, annotator: User, lease_id: int, reason: str = "", client: str = "", next_count: int = 0
) -> Next | None:
    """Give an item back unanswered, as the project's skip policy says; skipping again changes nothing."""
    after = _After()
    with transaction.atomic():
        turn = _lock_turn(annotator, lease_id)
        if turn.annotation_id is not None and turn.state != Lease.State.AGAIN:
            raise Conflict("You have answered this item already.")
        if turn.state in _HELD:
            _skip(turn, reason, after)
        following = _following(turn, None, client, next_count) if next_count else None
    # After the transaction: it holds this item, and other members' rows come before items in the order of locks.
    queue.rewind(project_id=turn.project_id, priority=turn.priority, item_id=turn.item_id)
    after.run(turn)
    return following


def _skip(turn: Any, reason: str, after: _After) -> None:
    scope = {"lease": turn.id, "item": turn.item_id, "annotator": turn.user_id, "now": timezone.now()}
    policy = SkipPolicy(turn.skip_policy)
    state = Lease.State.DEFERRED if policy == SkipPolicy.LATER else Lease.State.SKIPPED
    if turn.state == Lease.State.AGAIN:
        state = Lease.State.SUBMITTED
    hot.rows(sql.SKIP, {**scope, "reason": reason, "policy": policy.value, "state": state.value})
    if turn.state == Lease.State.AGAIN:
        return
    if policy != SkipPolicy.DROP or turn.gold_id:
        hot.rows(sql.SLOT_BACK, scope)
        return
    dropped = hot.row(sql.WANT_ONE_LESS, scope)
    if dropped is not None and dropped.state == "open" and dropped.answers >= max(1, dropped.wanted):
        after.open_again = settle(item_id=turn.item_id, schema_id=turn.schema_id)
