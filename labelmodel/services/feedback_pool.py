"""Items kept ready in the memory of the process that answers while somebody writes a labeling function.

Of each project an even sample of the pool, and of each question what people labeled, as columns. Loaded when first asked for;
a few projects at a time, so that memory is bounded. Items of the holdout, and gold questions, judge other things: they are
never among what people labeled.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any

import numpy as np
import orjson
from django.db import connection, transaction
from django.utils import timezone
from numpy.typing import NDArray

from annotation.models import Project
from annotation.questions import QUESTION_TYPES
from annotation.questions.types import Question
from labelmodel.functions import Batch, build
from labelmodel.services.function_rules import fields_of, labels_of, sensitive_of
from labelmodel.services.weak_labeled import LEAST_SURE

MOST_SAMPLED = 100_000
MOST_LABELED = 20_000
# Of payloads as JSON. Views that functions share (lower-cased texts) come on top, so a sample takes about three times this.
MOST_BYTES = 64 * 2**20
# Of all samples together.
MOST_KEPT_BYTES = 128 * 2**20
MOST_PROJECTS = 4
# Kinds that look at each item by itself get so many.
FEW = 5_000
# So often the database is asked whether the pool, or what people labeled, has changed; and so often at most a sample is
# drawn anew while the pool keeps changing.
LOOKED_SECONDS = 5.0
DRAWN_SECONDS = 30.0
# What was deleted or retired is not looked for: no sample is older than this.
OLDEST_SECONDS = 600.0

Bools = NDArray[np.bool_]

# An even sample that stays the same, but for items that have come and gone: those whose hash is smallest. Their order is
# that of the hash, so that the first of them are an even sample, too.
_SAMPLE = """
SELECT i.id, i.payload::text FROM (
    SELECT id, hashint8extended(id, 7) AS place FROM annotation_item
    WHERE project_id = %(project)s AND role = 'pool' AND state <> 'retired' ORDER BY 2 LIMIT %(most)s
) chosen JOIN annotation_item i USING (id) ORDER BY chosen.place
"""
_LABELED = """
SELECT i.id, i.payload::text, c.value::text FROM (
    SELECT c.item_id AS id, c.value, hashint8extended(c.item_id, 7) AS place
    FROM annotation_consensus c JOIN annotation_item i ON i.id = c.item_id
    WHERE c.project_id = %(project)s AND c.question = %(question)s AND c.value IS NOT NULL
      AND c.status IN ('auto', 'adjudicated') AND c.confidence >= %(least)s
      AND i.role = 'pool' AND i.state <> 'retired'
      AND NOT EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = c.item_id)
    ORDER BY 3 LIMIT %(most)s
) c JOIN annotation_item i USING (id) ORDER BY c.place
"""
_POOL_STAMP = """
SELECT (SELECT max(id) FROM annotation_item WHERE project_id = %(project)s)::text || ' '
    || coalesce((SELECT max(payload_changed_at) FROM annotation_item WHERE project_id = %(project)s)::text, '')
"""
_LABEL_STAMP = """
SELECT count(*)::text || ' ' || coalesce(max(updated_at)::text, '') FROM annotation_consensus
WHERE project_id = %(project)s AND question = %(question)s
"""


@dataclass(frozen=True, eq=False)
class Kept(Batch):
    """A batch that is looked at again and again: its pieces stay, with what functions share of them (lower-cased texts)."""

    _pieces: dict[tuple[int, int], list[Batch]] = field(default_factory=dict, repr=False)

    def slices(self, rows: int, size: int) -> list[Batch]:
        if (rows, size) not in self._pieces:
            self._pieces[rows, size] = super().slices(rows, size)
        return self._pieces[rows, size]


@dataclass(eq=False)
class Labeled:
    """Items that people labeled on one question, in an even order, and which labels are right of each: (m, k)."""

    batch: Batch
    few: Batch  # the first of them, with their payloads
    right: Bools
    labels: list[str]
    stamp: str
    looked: float
    # {version id: its votes}, as positions in the labels of the question.
    casts: dict[int, NDArray[np.int16]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.batch)


@dataclass(eq=False)
class Pool:
    """A sample of a project's items in an even order: whatever comes first of it is a sample, too."""

    fields: dict[str, str]
    sensitive: frozenset[str]
    batch: Batch
    few: Batch
    total: int
    size: int
    drawn_at: datetime
    drawn: float
    stamp: str
    looked: float
    # {(version id, labels): its votes}
    casts: dict[Any, Any] = field(default_factory=dict)
    labeled: dict[str, Labeled] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.batch)


_pools: OrderedDict[int, Pool] = OrderedDict()
_locks: dict[int, threading.Lock] = {}
_guard = threading.Lock()


def of(project: Project) -> Pool:
    """The project's sample, loaded where it is not kept, and drawn anew where the pool has changed."""
    with _lock(project.pk):
        pool = _pools.get(project.pk)
        if pool is None or _is_stale(project, pool):
            pool = _load(project)
        with _guard:
            _pools[project.pk] = pool
            _pools.move_to_end(project.pk)
            _make_room()
        return pool


def labeled(project: Project, pool: Pool, question: Question) -> Labeled:
    """What people labeled on this question, up to date within seconds."""
    name = str(question["name"])
    with _lock(project.pk):
        known = pool.labeled.get(name)
        if known is not None and known.labels != labels_of(question):
            known = None
        now = time.monotonic()
        if known is not None and now - known.looked < LOOKED_SECONDS:
            return known
        stamp = _value(_LABEL_STAMP, {"project": project.pk, "question": name})
        if known is not None and known.stamp == stamp:
            known.looked = now
            return known
        pool.labeled[name] = _labeled(project, pool, question, stamp)
        return pool.labeled[name]


def forget() -> None:
    """Keep nothing: for tests and benchmarks."""
    with _guard:
        _pools.clear()


def kept_bytes() -> int:
    """How much of payloads is kept."""
    return sum(pool.size for pool in _pools.values())


def _lock(project_id: int) -> threading.Lock:
    with _guard:
        return _locks.setdefault(project_id, threading.Lock())


def _make_room() -> None:
    """The caller holds the guard. The one asked for last always stays."""
    while len(_pools) > 1 and (len(_pools) > MOST_PROJECTS or kept_bytes() > MOST_KEPT_BYTES):
        _pools.popitem(last=False)


def _is_stale(project: Project, pool: Pool) -> bool:
    now = time.monotonic()
    if now - pool.looked < LOOKED_SECONDS:
        return False
    pool.looked = now
    # What functions see is cheap to compare, and must never be old.
    if pool.sensitive != sensitive_of(project) or pool.fields.keys() != fields_of(project).keys():
        return True
    if now - pool.drawn > OLDEST_SECONDS:
        return True
    return now - pool.drawn > DRAWN_SECONDS and pool.stamp != _value(_POOL_STAMP, {"project": project.pk})


def _load(project: Project) -> Pool:
    fields, sensitive = fields_of(project), sensitive_of(project)
    visible = [name for name in fields if name not in sensitive]
    stamp = _value(_POOL_STAMP, {"project": project.pk})
    rows = _Rows(_SAMPLE, {"project": project.pk, "most": MOST_SAMPLED})
    batch, few = _built(rows, visible)
    total = project.items.filter(role="pool").exclude(state="retired").count()
    now = time.monotonic()
    return Pool(fields, sensitive, batch, few, total, rows.size, timezone.now(), now, stamp or "", now)


def _labeled(project: Project, pool: Pool, question: Question, stamp: str) -> Labeled:
    kind, labels = QUESTION_TYPES[question["type"]], labels_of(question)
    place = {label: position for position, label in enumerate(labels)}
    visible = [name for name in pool.fields if name not in pool.sensitive]
    scope = {"project": project.pk, "question": question["name"], "least": LEAST_SURE, "most": MOST_LABELED}
    rows = _Rows(_LABELED, scope)
    batch, few = _built(rows, visible)
    right = np.zeros((len(batch), len(labels)), dtype=bool)
    for row, value in enumerate(rows.more):
        # What is labeled under an older version of the questions may say what is no label any more.
        said = (str(label) for label in kind.said(orjson.loads(value)))
        right[row, [place[label] for label in said if label in place]] = True
    return Labeled(batch, few, right, labels, stamp, time.monotonic())


def _built(rows: _Rows, visible: list[str]) -> tuple[Batch, Batch]:
    """All of them by column; and the first of them with their payloads, which would take as much room again."""
    found = iter(rows)
    first = list(islice(found, FEW))
    whole, few = build(chain(first, found), visible), build(first, visible, payload=True)
    return _kept(whole), _kept(few)


def _kept(batch: Batch) -> Batch:
    return Kept(batch.ids, batch.table, batch.payload, batch.unreadable)


class _Rows:
    """Ids and payloads of a query, until their bytes are enough; `more` has what stands behind them."""

    def __init__(self, query: str, params: dict[str, Any]) -> None:
        self.query, self.params = query, params
        self.size = 0
        self.more: list[str] = []

    def __iter__(self) -> Iterator[tuple[int, str]]:
        # Row by row out of the database: the rest of a sample of long texts is never read.
        with transaction.atomic(), connection.chunked_cursor() as cursor:
            cursor.execute(self.query, self.params)
            while rows := cursor.fetchmany(200):
                for number, payload, *more in rows:
                    self.size += len(payload)
                    self.more += more
                    yield number, payload
                if self.size > MOST_BYTES:
                    return


def _value(query: str, params: dict[str, Any]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return str(cursor.fetchone()[0])
