"""What people labeled, as evidence for and about labeling functions: never of the holdout, and no gold questions.

A gold question checks people, and the holdout checks the final model; a label model that learned from them would spoil both.
Only items whose consensus is sure enough count, so that what two people dispute is evidence for nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from django.db import connection

from annotation.models import Project
from annotation.questions.types import Question
from labelmodel.services.function_rules import labels_of

Ids = npt.NDArray[np.int64]
# Consensus that is less sure is no evidence.
LEAST_SURE = 0.6
# So many items at most, an even part of them.
MOST = 200_000

_COUNT = """
SELECT count(*) FROM annotation_consensus c JOIN annotation_item i ON i.id = c.item_id
WHERE c.project_id = %(project)s AND c.question = %(question)s AND c.status IN ('auto', 'adjudicated')
  AND c.confidence >= %(least)s AND i.state <> 'retired' AND i.role = 'pool'
  AND NOT EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = c.item_id)
"""
# In an order that says nothing about the items and stays the same.
_LABELED = _COUNT.replace("count(*)", "c.item_id, c.distribution::text") + (
    "ORDER BY hashint8extended(c.item_id, 11) LIMIT %(most)s"
)


@dataclass(frozen=True, eq=False)
class Labeled:
    """Items in an even order, and which labels are right of each: (m, k), one of them or, of a set, any number."""

    items: Ids
    right: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def label(self) -> Ids:
        """(m,) the right label, where there is one."""
        return np.asarray(self.right.argmax(axis=1), dtype=np.int64)

    def at(self, rows: npt.NDArray[np.bool_] | Ids) -> Labeled:
        return Labeled(self.items[rows], self.right[rows])

    def shares(self) -> npt.NDArray[np.float64]:
        """How often each label is right, (k,), with one item ahead spread over all of them."""
        k = self.right.shape[1]
        return np.asarray((self.right.sum(axis=0) + 1.0 / k) / (len(self) + 1.0))


def _scope(project: Project, question: str) -> dict[str, Any]:
    return {"project": project.pk, "question": question, "least": LEAST_SURE, "most": MOST}


def count(project: Project, question: str) -> int:
    """How many items people labeled that count."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, _scope(project, question))
        return int(cursor.fetchone()[0])


def labeled(project: Project, question: Question, *, is_set: bool) -> Labeled:
    """What people labeled on a question; labels that it has no more are left out."""
    labels = labels_of(question)
    with connection.cursor() as cursor:
        cursor.execute(_LABELED, _scope(project, question["name"]))
        rows = cursor.fetchall()
    place = {label: position for position, label in enumerate(labels)}
    items = np.array([item for item, _ in rows], dtype=np.int64)
    right = np.zeros((len(rows), len(labels)), dtype=bool)
    for row, (_, told) in enumerate(rows):
        shares = {place[label]: share for label, share in orjson.loads(told).items() if label in place}
        if is_set:
            right[row, [position for position, share in shares.items() if share >= 0.5]] = True
        elif shares:
            right[row, max(shares, key=lambda position: shares[position])] = True
    known = np.ones(len(rows), dtype=bool) if is_set else right.any(axis=1)
    return Labeled(items[known], right[known])
