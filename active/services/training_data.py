"""What a model learns from and is judged by: the consensus on one question as arrays, without gold questions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
from django.db import connection

from active.services.learning import KINDS
from annotation.models import Project
from annotation.questions import QUESTION_TYPES
from annotation.questions.types import Question

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
# Numbers in one array over items and labels.
MOST_CELLS = 20_000_000
# With more labels than this, a model knows those that somebody has given; the others it learns when they come.
MOST_UNUSED = 1000

# Items whose consensus comes from people's votes or experts' decisions. Drawn: no strategy chose them, so that figures on
# them hold for the pool. Settled: by votes alone, so that one more person may be asked.
_LABELED = """
SELECT c.item_id, c.distribution::text, c.confidence,
       NOT EXISTS (SELECT FROM active_selection s WHERE s.item_id = c.item_id AND s.published
                   AND s.kind IN ('new', 'arrived', 'review') AND s.strategy <> 'random'),
       i.state = 'resolved' AND c.status = 'auto'
FROM annotation_consensus c JOIN annotation_item i ON i.id = c.item_id
WHERE c.project_id = %(project)s AND c.question = %(question)s AND c.status IN ('auto', 'adjudicated')
  AND i.state <> 'retired' AND i.role = 'pool'
  AND NOT EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = c.item_id)
ORDER BY c.item_id
"""
_HOLDOUT = """
SELECT c.item_id, c.distribution::text, 1.0::float8, true, false
FROM annotation_consensus c JOIN annotation_item i ON i.id = c.item_id
WHERE c.project_id = %(project)s AND c.question = %(question)s AND c.status <> 'auto'
  AND i.state <> 'retired' AND i.role = 'holdout'
ORDER BY c.item_id
"""


@dataclass(frozen=True, eq=False)
class Labeled:
    """Items and what is taken to be right of them; aligned arrays, ascending by item.

    `targets` is (m, k): a distribution over `labels`, or for sets the chance of each label by itself. `drawn` tells which
    items no strategy chose, `settled` which ones votes alone have resolved.
    """

    items: Ints
    targets: Floats
    weights: Floats
    drawn: npt.NDArray[np.bool_]
    settled: npt.NDArray[np.bool_]
    labels: list[str]
    kind: str

    def __len__(self) -> int:
        return len(self.items)

    @property
    def used(self) -> int:
        """How many labels anybody gave."""
        return len(np.unique(self.targets.argmax(axis=1))) if len(self) else 0

    def sha256(self) -> str:
        """The same for the same items, targets and weights."""
        digest = hashlib.sha256(orjson.dumps(self.labels))
        for array in (self.items, self.targets, self.weights):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def at(self, rows: npt.NDArray[np.bool_] | Ints) -> Labeled:
        """Some of the rows."""
        return Labeled(
            self.items[rows],
            self.targets[rows],
            self.weights[rows],
            self.drawn[rows],
            self.settled[rows],
            self.labels,
            self.kind,
        )


def labeled(project: Project, question: Question) -> Labeled:
    """What the pool's items are taken to be; the same part of them, spread evenly, where they are too many."""
    return _read(_LABELED, project, question, ())


def holdout(project: Project, question: Question, labels: Sequence[str]) -> Labeled:
    """Items kept to check models, with these labels in this order."""
    return _read(_HOLDOUT, project, question, labels)


def _read(query: str, project: Project, question: Question, labels: Sequence[str]) -> Labeled:
    with connection.cursor() as cursor:
        cursor.execute(query, {"project": project.pk, "question": question["name"]})
        rows = [(item, orjson.loads(told), *others) for item, told, *others in cursor.fetchall()]
    kind = KINDS[QUESTION_TYPES[question["type"]].scale]
    names = list(labels) or _labels(question, [row[1] for row in rows])
    known = {label: number for number, label in enumerate(names)}
    # What reads as none of the labels says nothing; of a set, the empty one says a lot.
    rows = [row for row in rows if kind == "set" or any(label in known for label in row[1])]
    most = max(1, MOST_CELLS // max(1, len(names)))
    if len(rows) > most:
        rows = [rows[n] for n in np.linspace(0, len(rows) - 1, most).astype(int)]
    targets = np.zeros((len(rows), len(names)), dtype=np.float32)
    for number, row in enumerate(rows):
        for label, share in row[1].items():
            if label in known:
                targets[number, known[label]] = share
    if kind != "set" and len(rows):
        targets /= targets.sum(axis=1, keepdims=True)
    return Labeled(
        items=np.array([row[0] for row in rows], dtype=np.int64),
        targets=targets,
        weights=np.array([row[2] for row in rows], dtype=np.float32),
        drawn=np.array([row[3] for row in rows], dtype=bool),
        settled=np.array([row[4] for row in rows], dtype=bool),
        labels=names,
        kind=kind,
    )


def _labels(question: Question, said: Sequence[dict[str, float]]) -> list[str]:
    """The labels that a model knows, in the order of the question."""
    listed = QUESTION_TYPES[question["type"]].values(question) or []
    if len(listed) <= MOST_UNUSED:
        return listed
    used = {label for told in said for label in told}
    return [label for label in listed if label in used] or listed[:1]
