"""Puts a simulated history into a project: the same rows that people leave behind, all at once and marked as simulated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pghistory
from django.db import connection, transaction
from django.db.models import Model
from psycopg.types.json import Jsonb

from annotation.models import Annotation, Comment, Flag, Item, Lease, Project, Skip, User
from annotation.services import consensus, queue, readings
from config.demo.people import EVERYBODY
from config.demo.plan import Answer, DemoProject, Script
from config.demo.simulation import Step, work

SEED = 7
FLAGS, THREADS = 14, 12
CLIENT = "simulated"
# Where changes come from, for the audit trail.
COMMAND = "manage.py load_demo"

# What submit does to an item and to a member for each answer, for all of them at once.
_COUNT_ITEMS = """
UPDATE annotation_item i SET answers = said.n, open_slots = i.wanted - said.n
FROM (SELECT item_id, count(*) AS n FROM annotation_annotation
      WHERE project_id = %(project)s AND supersedes_id IS NULL GROUP BY item_id) said
WHERE i.id = said.item_id
"""
_COUNT_MEMBERS = """
UPDATE annotation_membership m SET answered = said.n
FROM (SELECT annotator_id, count(*) AS n FROM annotation_annotation
      WHERE project_id = %(project)s AND supersedes_id IS NULL GROUP BY annotator_id) said
WHERE m.project_id = %(project)s AND m.user_id = said.annotator_id
"""


@dataclass(frozen=True, slots=True)
class _Said:
    """One answer to be kept. `first` is the position, among all, of the one that it supersedes."""

    at: datetime
    step: Step
    answer: Answer
    seconds: float
    first: bool


def exists(project: Project) -> bool:
    return project.annotations.filter(origin=Annotation.Origin.SIMULATED, gold_result=None).exists()


@transaction.atomic
def write(*, project: Project, plan: DemoProject, now: datetime, changed_at: datetime) -> int:
    """Fill in two weeks of answers, skips, flags and comments; returns how many answers. All or nothing.

    Answers before `changed_at` are given under the first version of the questions.
    """
    queue.lock_members(project_id=project.pk)
    items = _untouched(project)
    people = [person for person in EVERYBODY if person.habits and person.username in plan.roles]
    steps = work(people=people, keys=list(items), plan=plan, now=now, seed=SEED)
    writer = _Writer(project, plan.script(), items, changed_at)
    said = writer.answers(steps)
    writer.skips(steps)
    writer.count()
    writer.flags(steps, now)
    writer.threads(steps, now)
    return said


def _untouched(project: Project) -> dict[str, int]:
    """The ids by key of the first items of the queue that nobody has had; more than half are left to real people."""
    fresh = project.items.in_queue().filter(leases=None)
    return dict(fresh.values_list("key", "pk")[: project.items.count() * 2 // 5])


class _Writer:
    def __init__(self, project: Project, script: Script, items: dict[str, int], changed_at: datetime) -> None:
        self._project, self._script, self._items, self._changed_at = project, script, items, changed_at
        self._users = {user.username: user for user in User.objects.filter(memberships__project=project)}
        self._versions = list(project.schemas.order_by("version"))
        self._rng = Random(SEED)

    def answers(self, steps: Sequence[Step]) -> int:
        """Annotations in the order of time, and the turn that each person had at each item."""
        said = sorted(_all_said(steps), key=lambda one: one.at)
        ids = _new_ids(Annotation, len(said))
        firsts: dict[tuple[str, str], int] = {}
        current: dict[tuple[str, str], int] = {}
        rows = []
        for one, pk in zip(said, ids, strict=True):
            turn = (one.step.key, one.step.moment.username)
            rows.append(self._annotation(pk, one, None if one.first else firsts[turn]))
            firsts.setdefault(turn, pk)
            current[turn] = pk
        columns = "id item_id annotator_id project_id schema_id answer nonce seconds origin supersedes_id created_at"
        _copy(Annotation, columns, rows)
        columns = "item_id annotator_id project_id state client created_at expires_at annotation_id"
        _copy(Lease, columns, [self._turn(step, current) for step in steps])
        return len(firsts)

    def _annotation(self, pk: int, one: _Said, supersedes: int | None) -> tuple[Any, ...]:
        early = one.at < self._changed_at and len(self._versions) > 1
        schema = self._versions[0 if early else -1]
        answer = readings.form_of(schema.pk).clean(self._script.before(one.answer) if early else one.answer)
        who = (*self._who(one.step), self._project.pk, schema.pk)
        return (pk, *who, Jsonb(answer), f"simulated-{pk}", one.seconds, "simulated", supersedes, one.at)

    def _turn(self, step: Step, current: dict[tuple[str, str], int]) -> tuple[Any, ...]:
        annotation = current.get((step.key, step.moment.username))
        state = Lease.State.SKIPPED if step.answer is None else Lease.State.SUBMITTED
        start = step.moment.at - timedelta(seconds=step.moment.seconds)
        end = start + timedelta(minutes=self._project.lease_minutes)
        return (*self._who(step), self._project.pk, state.value, CLIENT, start, end, annotation)

    def _who(self, step: Step) -> tuple[int, int]:
        return self._items[step.key], self._users[step.moment.username].pk

    def skips(self, steps: Sequence[Step]) -> None:
        policy = self._project.skip_policy
        rows = [
            (*self._who(step), step.reason, policy, step.moment.at) for step in steps if step.answer is None
        ]
        _copy(Skip, "item_id annotator_id reason policy created_at", rows)

    def count(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT_ITEMS, {"project": self._project.pk})
            cursor.execute(_COUNT_MEMBERS, {"project": self._project.pk})
        full = Item.objects.filter(pk__in=self._items.values(), open_slots=0)
        for item_id in full.order_by("pk").values_list("pk", flat=True):
            consensus.settle(item_id=item_id, schema_id=self._versions[-1].pk)

    def flags(self, steps: Sequence[Step], now: datetime) -> None:
        """Some annotators asked others to look; the adjudicator has been through most of it."""
        rows = []
        closed = []
        flagged = self._sample(steps, FLAGS)
        for step, pk in zip(flagged, _new_ids(Flag, len(flagged)), strict=True):
            at = step.moment.at + timedelta(seconds=5)
            rows.append((pk, *self._who(step), self._rng.choice(self._script.flag_reasons), at))
            closed_at = at + timedelta(hours=self._rng.uniform(2, 40))
            if closed_at < now and self._rng.random() < 0.7:
                closed.append((pk, closed_at))
        for author in sorted({row[2] for row in rows}):
            with _in_the_name_of(author):
                own = [row for row in rows if row[2] == author]
                _copy(Flag, "id item_id author_id reason created_at", own)
        adjudicator = self._users["adjudicator"]
        with _in_the_name_of(adjudicator.pk):
            for pk, closed_at in closed:
                Flag.objects.filter(pk=pk).update(closed_at=closed_at, closed_by=adjudicator)

    def threads(self, steps: Sequence[Step], now: datetime) -> None:
        """Questions to the adjudicator, and what came back; the last ones wait for it."""
        rows: list[tuple[Any, ...]] = []
        asked = self._sample([step for step in steps if step.answer is not None], THREADS)
        for step, pk in zip(asked, _new_ids(Comment, len(asked)), strict=True):
            answer = step.answer or {}
            if not (threads := self._script.threads(step.key, answer)):
                continue
            thread = self._rng.choice(threads)
            labels = self._script.labels(step.key, answer)
            item, author = self._who(step)
            at = step.moment.at + timedelta(seconds=self._rng.uniform(10, 60))
            reply_at = at + timedelta(hours=self._rng.uniform(1, 22))
            rows.append((pk, item, author, None, thread.question.format(**labels), at))
            if reply_at < now:
                (reply,) = _new_ids(Comment, 1)
                by = self._users["adjudicator"].pk
                rows.append((reply, item, by, pk, thread.reply.format(**labels), reply_at))
        _copy(Comment, "id item_id author_id parent_id body created_at", rows)

    def _sample(self, steps: Sequence[Step], most: int) -> list[Step]:
        """Steps at hard items, each item at most once."""
        hard = {step.key: step for step in steps if self._script.hardness(step.key) > 0.6}
        return sorted(
            self._rng.sample(sorted(hard.values(), key=lambda step: step.key), min(most, len(hard))),
            key=lambda step: step.moment.at,
        )


def _all_said(steps: Sequence[Step]) -> Iterable[_Said]:
    for step in steps:
        if step.answer is None:
            continue
        yield _Said(step.moment.at, step, step.answer, step.moment.seconds, first=True)
        if step.corrected is not None and step.corrected_at is not None:
            seconds = round((step.corrected_at - step.moment.at).total_seconds() / 2, 1)
            yield _Said(step.corrected_at, step, step.corrected, seconds, first=False)


@contextmanager
def _in_the_name_of(user_id: int) -> Iterator[None]:
    """What the audit trail says of the changes inside: that the demo made them for this person."""
    with pghistory.context(user=user_id, url=COMMAND), connection.cursor() as cursor:
        # COPY goes past Django, which would tell the database; any other statement tells it for the transaction.
        cursor.execute("VALUES (1)")
        yield


def _new_ids(model: type[Model], count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _copy(model: type[Model], columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows as they are: their times are in the past, which the models' own defaults would overwrite."""
    statement = f"COPY {model._meta.db_table} ({', '.join(columns.split())}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
