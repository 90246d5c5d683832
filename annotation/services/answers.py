"""Answers: submit, revise and skip. Each is one short transaction, and sending it again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import orjson
from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict, InvalidAnswer, LeaseExpired, NotAllowed, NotFound, SchemaChanged
from annotation.models import Lease, Project, Schema, SkipPolicy, User
from annotation.questions import Form, compile_form
from annotation.roles import Action, may
from annotation.services import answers_sql as sql
from annotation.services import hot, queue, queue_sql
from annotation.services.schemas import read_answer, reading


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
    """What was kept: the annotation, whether this very call made it, and the turns that follow."""

    annotation_id: int
    item_id: int
    created_at: datetime
    created: bool
    next: queue.Next | None = None


@lru_cache(maxsize=256)
def form_of(schema_id: int) -> Form:
    """The questions of a schema, ready to check answers; schemas never change, so this never goes stale."""
    return compile_form(Schema.objects.values_list("questions", flat=True).get(pk=schema_id))


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
    with transaction.atomic():
        turn = _lock_turn(annotator, lease_id)
        receipt = _replay(turn, given) or _keep(turn, given, now or timezone.now())
        following = _following(turn, turn.answered + receipt.created, client, next_count)
    return replace(receipt, next=following)


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
    if kept is None or kept.item_id != turn.item_id:
        raise Conflict("You have answered this item already; revise that answer instead.")
    return Receipt(kept.id, kept.item_id, kept.created_at, created=False)


def _keep(turn: Any, given: Answer, now: datetime) -> Receipt:
    schema_id, answer = _checked(turn, given)
    if turn.state != Lease.State.ACTIVE:
        _take_back(turn)
    kept = hot.row(
        sql.KEEP,
        {
            "project": turn.project_id,
            "item": turn.item_id,
            "annotator": turn.user_id,
            "lease": turn.id,
            "schema": schema_id,
            "answer": orjson.dumps(answer).decode(),
            "nonce": given.nonce,
            "seconds": given.seconds,
            "origin": given.origin,
            "now": now,
        },
    )
    if kept is None:
        raise Conflict("This nonce was used for another answer of yours; send a fresh one.")
    if kept.answers >= kept.wanted and kept.answers > 1:
        settle(item_id=turn.item_id, schema_id=turn.schema_id)
    return Receipt(kept.id, turn.item_id, now, created=True)


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
    if turn.state != Lease.State.RETURNED or hot.row(sql.RETAKE, {"item": turn.item_id}) is None:
        raise LeaseExpired("Your reservation of this item ran out and its place was given to somebody else.")


def settle(*, item_id: int, schema_id: int) -> None:
    """The cheap rule for an item that has all the answers it wants: resolved if all agree, else disputed.

    Answers under older versions are compared as they read under this schema. The caller holds the item's row lock, so
    each answer is seen by exactly one last caller.
    """
    form = form_of(schema_id)
    said = []
    for row in hot.rows(sql.CURRENT_ANSWERS, {"item": item_id}):
        answer = orjson.loads(row.answer)
        if row.schema_id != schema_id:
            answer, _ = reading(row.schema_id, schema_id).read(answer)
        said.append(form.votes(answer))
    state = "resolved" if all(votes == said[0] for votes in said) else "disputed"
    hot.rows(sql.SETTLE, {"item": item_id, "state": state})


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


def _following(turn: Any, answered: int, client: str, count: int) -> queue.Next | None:
    if not count:
        return None
    return queue.top_up(member=turn, answered=answered, count=min(count, queue.MOST_LEASES), client=client)


@transaction.atomic
def revise(*, annotator: User, annotation_id: int, given: Answer) -> Receipt:
    """Replace an own answer by a new one that supersedes it; the old one stays readable.

    Raises NotFound, Conflict when it was revised meanwhile, InvalidAnswer.
    """
    turn = hot.row(sql.LOCK_TURN_OF, {"annotation": annotation_id, "annotator": annotator.pk})
    if turn is None:
        raise NotFound("There is no such answer of yours.")
    kept = hot.row(sql.BY_NONCE, {"annotator": annotator.pk, "nonce": given.nonce})
    if kept is not None and kept.supersedes_id == annotation_id:
        return Receipt(kept.id, kept.item_id, kept.created_at, created=False)
    if kept is not None or turn.annotation_id != annotation_id:
        raise Conflict("This answer was revised meanwhile; load it again.")
    schema_id, answer = _checked(turn, given)
    now = timezone.now()
    made = hot.one(
        sql.REVISE,
        {
            "annotation": annotation_id,
            "project": turn.project_id,
            "item": turn.item_id,
            "annotator": annotator.pk,
            "lease": turn.id,
            "schema": schema_id,
            "answer": orjson.dumps(answer).decode(),
            "nonce": given.nonce,
            "seconds": given.seconds,
            "origin": given.origin,
            "now": now,
        },
    )
    if made.answers >= made.wanted and made.state in {"resolved", "disputed"}:
        settle(item_id=turn.item_id, schema_id=turn.schema_id)
    return Receipt(made.id, turn.item_id, now, created=True)


def skip(
    *, annotator: User, lease_id: int, reason: str = "", client: str = "", next_count: int = 0
) -> queue.Next | None:
    """Give an item back unanswered, as the project's skip policy says; skipping again changes nothing."""
    with transaction.atomic():
        turn = _lock_turn(annotator, lease_id)
        if turn.annotation_id is not None:
            raise Conflict("You have answered this item already.")
        if turn.state == Lease.State.ACTIVE:
            _skip(turn, reason)
        following = _following(turn, turn.answered, client, next_count)
    # After the transaction: it holds this item, and other members' rows come before items in the order of locks.
    queue.rewind(project_id=turn.project_id, priority=turn.priority, item_id=turn.item_id)
    return following


def _skip(turn: Any, reason: str) -> None:
    scope = {"lease": turn.id, "item": turn.item_id, "annotator": turn.user_id, "now": timezone.now()}
    policy = SkipPolicy(turn.skip_policy)
    state = Lease.State.DEFERRED if policy == SkipPolicy.LATER else Lease.State.SKIPPED
    hot.rows(sql.SKIP, {**scope, "reason": reason, "policy": policy.value, "state": state.value})
    if policy == SkipPolicy.DROP:
        dropped = hot.row(sql.WANT_ONE_LESS, scope)
        if (
            dropped is not None
            and dropped.state == "open"
            and dropped.answers
            and dropped.answers >= dropped.wanted
        ):
            settle(item_id=turn.item_id, schema_id=turn.schema_id)
    else:
        hot.rows(sql.SLOT_BACK, scope)
