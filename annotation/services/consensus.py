"""Consensus: the cheap rule inside a submit, and publishing what a label model found.

An item is settled when its votes leave no more doubt than the project accepts, when it has had all the people the
project allows, or when an expert decides. docs/consensus.md tells the whole of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from annotation.models import Consensus, Lease, Project, Schema
from annotation.services import consensus_sql as sql
from annotation.services import hot, queue
from annotation.services.readings import form_of, reading

BATCH = 2000


@dataclass(frozen=True, slots=True)
class Found:
    """The consensus of one item on one question. `value` and `distribution` are JSON text."""

    item: int
    question: str
    value: str | None
    distribution: str
    confidence: float
    entropy: float
    votes: int
    unanimous: bool
    method: str
    # The run of the label model whose sources it rests on.
    run: int | None = None
    # Kinds of the sources that voted, separated by commas.
    kinds: str = "person"


def settle(*, item_id: int, schema_id: int) -> Any | None:
    """The cheap rule for an item that has all the answers it wants: resolved if all agree, else one more or disputed.

    Answers under older versions are compared as they read under this schema. The caller holds the item's row lock, so
    each answer is seen by exactly one last caller; it calls `queue.rewind` for the place that is returned (the item
    wants another answer) after its transaction.
    """
    said = _votes(item_id, schema_id)
    doubt = doubt_of(said)
    scope = {"item": item_id, "doubt": doubt}
    if doubt > 0 and (open_again := hot.row(sql.WANT_ANOTHER, scope)):
        return open_again
    hot.rows(sql.SETTLE, {**scope, "state": "disputed" if doubt > 0 else "resolved"})
    return None


def _votes(item_id: int, schema_id: int) -> list[dict[str, list[str]]]:
    form = form_of(schema_id)
    said = []
    for row in hot.rows(sql.CURRENT_ANSWERS, {"item": item_id}):
        answer = orjson.loads(row.answer)
        if row.schema_id != schema_id:
            answer, _ = reading(row.schema_id, schema_id).read(answer)
        said.append(form.votes(answer))
    return said


def doubt_of(said: Sequence[dict[str, list[str]]]) -> float:
    """The share that does not say what most say, of the question where it is largest."""
    questions = {name for votes in said for name in votes}
    return max((_minority([tuple(votes.get(name, ())) for votes in said]) for name in questions), default=0.0)


def _minority(given: Sequence[Any]) -> float:
    return 1 - Counter(given).most_common(1)[0][1] / len(given)


def due_projects() -> list[int]:
    """Projects with items whose consensus is to be worked out."""
    rows = hot.rows("SELECT DISTINCT project_id FROM annotation_consensusdue", {})
    return [row.project_id for row in rows]


def mark_due(*, project_id: int, items: Sequence[int]) -> None:
    """The votes on these items have changed."""
    hot.rows(sql.ADD_DUE, {"project": project_id, "items": list(items), "now": timezone.now()})


def mark_all_due(*, project_id: int) -> None:
    """How votes are weighed, or how sure to be, has changed: every item that has answers is looked at again."""
    hot.rows(sql.ADD_ALL_DUE, {"project": project_id, "now": timezone.now()})


def due(*, project_id: int, most: int) -> tuple[list[int], list[int]]:
    """The first items that are due, oldest first, and the rows that say so.

    Read these before the votes, and call `done` when the consensus is published: a vote that comes in between adds a
    row of its own. Harmless when two workers do it at once.
    """
    found = hot.rows(sql.DUE, {"project": project_id, "most": most})
    return list(dict.fromkeys(row.item_id for row in found)), [row.id for row in found]


def done(rows: Sequence[int]) -> None:
    """These rows of pending work are worked off."""
    hot.rows(sql.DONE, {"rows": list(rows)})


def know(*, project: Project, schema: Schema, answers: dict[int, dict[str, Any]]) -> None:
    """These answers to these items (by id) are known. The caller holds the items' row locks."""
    _set(project, schema, answers, status=Consensus.Status.KNOWN, method="known answer")


def decide(*, project: Project, schema: Schema, item_id: int, answer: dict[str, Any]) -> None:
    """An expert's answer to an item stands for its consensus. The caller holds the item's row lock, and keeps what
    `inferred` says beforehand."""
    _set(project, schema, {item_id: answer}, status=Consensus.Status.ADJUDICATED, method="adjudication")


def inferred(*, items: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What votes alone say of these items: {item id: {question: {value, distribution, confidence, votes, method}}}."""
    told: dict[int, dict[str, Any]] = {item: {} for item in items}
    names = ("value", "distribution", "confidence", "votes", "method")
    rows = Consensus.objects.filter(item__in=items, status=Consensus.Status.AUTO)
    for row in rows.values("item_id", "question", *names):
        told[row["item_id"]][row["question"]] = {name: row[name] for name in names}
    return told


def forget(*, project_id: int, item_id: int, status: str) -> None:
    """What was decided or known of an item is so no longer; its votes are looked at again."""
    Consensus.objects.filter(item=item_id, status=status).delete()
    mark_due(project_id=project_id, items=[item_id])


def _set(
    project: Project, schema: Schema, answers: dict[int, dict[str, Any]], *, status: str, method: str
) -> None:
    form = form_of(schema.pk)
    votes = dict(
        Lease.objects.filter(item__in=list(answers), state__in=[Lease.State.SUBMITTED, Lease.State.AGAIN])
        .values_list("item")
        .annotate(Count("pk"))
    )
    before = Consensus.objects.filter(item__in=list(answers))
    # What people said stays as it is, whatever is decided.
    disagreed = set(before.filter(unanimous=False).values_list("item_id", "question"))
    before.delete()
    Consensus.objects.bulk_create(
        Consensus(
            project=project,
            item_id=item,
            question=name,
            value=value,
            distribution=dict.fromkeys(form.votes({name: value}).get(name, []), 1.0),
            confidence=1.0,
            entropy=0.0,
            votes=votes.get(item, 0),
            unanimous=(item, name) not in disagreed,
            status=status,
            method=method,
            kinds=["expert"],
            schema=schema,
            updated_at=timezone.now(),
        )
        for item, answer in answers.items()
        for name, value in answer.items()
    )


def publish(
    *,
    project_id: int,
    schema_id: int,
    items: Sequence[int],
    found: Sequence[Found],
    questions: Sequence[str] | None = None,
    rows: Sequence[int] = (),
    touched: bool,
) -> None:
    """Keep what a label model found on these items, and move them: resolved, disputed, or one more answer wanted.

    `found` has a row for each of the questions (None: all there ever were) that has votes; those without lose what they
    had. `touched`: votes have come, those that `rows` of pending work tell, and what is found comes from votes alone,
    not from what is known of the items. Items that are due for something else are left to that: what was found of them
    does not rest on all of their votes. Batches of short transactions: harmless to repeat after an interruption.
    """
    by_item: dict[int, list[Found]] = {item: [] for item in sorted(items)}
    for one in found:
        by_item[one.item].append(one)
    scope = {
        "project": project_id,
        "schema": schema_id,
        "questions": None if questions is None else list(questions),
        "rows": list(rows),
        "touched": touched,
        "now": timezone.now(),
    }
    remaining = iter(by_item.items())
    while chunk := dict(islice(remaining, BATCH)):
        for place in _publish_batch(scope, chunk):
            queue.rewind(project_id=place.project_id, priority=place.priority, item_id=place.id)


@transaction.atomic
def _publish_batch(scope: dict[str, Any], found: dict[int, list[Found]]) -> list[Any]:
    """Keep and move these items; the places where another answer is wanted now."""
    # Locked first: a submit that is under way commits its answer with the row that says so, or waits until we are done.
    hot.rows(sql.LOCK_ITEMS, {**scope, "items": list(found)})
    for later in hot.rows(sql.DUE_ANYWAY, {**scope, "items": list(found)}):
        del found[later.item_id]
    rows = [one for given in found.values() for one in given]
    columns = {field.name: [getattr(row, field.name) for row in rows] for field in fields(Found)}
    hot.rows(sql.FORGET, {**scope, **columns, "items": list(found)})
    hot.rows(sql.KEEP, {**scope, **columns})
    if scope["touched"]:
        hot.rows(sql.KEEP_BLIND, {**scope, **columns})
    moved = hot.rows(sql.MOVE, {**scope, "items": list(found)})
    return [place for place in moved if place.move == "more"]
