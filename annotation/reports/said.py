"""What people said, as arrays: the answers that count, read under the current schema. Label models and agreement start here."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import orjson
import psycopg
from django.db import connection

from annotation.questions import QUESTION_TYPES
from annotation.reports.readings import readings_under

Ints = npt.NDArray[np.int64]
MOST_REMEMBERED = 50_000
_SAID = """
SELECT l.item_id, l.annotator_id, a.schema_id, a.answer::text, extract(epoch FROM a.created_at)::float8,
       coalesce(i.dataset_id, 0)
FROM annotation_lease l
JOIN annotation_annotation a ON a.id = l.annotation_id
JOIN annotation_item i ON i.id = l.item_id
WHERE l.project_id = %(project)s AND l.state IN ('submitted', 'again') AND i.state <> 'retired'
  AND (%(items)s::bigint[] IS NULL OR l.item_id = ANY(%(items)s))
"""


@dataclass(frozen=True, eq=False)
class Said:
    """One row for each answer that counts; aligned arrays, shape (n,).

    `code` says which of `answers` it is: equal answers are read once and kept once.
    """

    item: Ints
    person: Ints
    code: Ints
    at: npt.NDArray[np.float64]
    dataset: Ints
    answers: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.item)


def said(*, project_id: int, schema_id: int, items: Sequence[int] | None = None) -> Said:
    """The answers to these items (all of the project's if None) as they read under this schema, free texts left out.

    Takes some 50 bytes for an answer, and more only for each that is unlike all others.
    """
    coder = _Coder(schema_id)
    numbers = [array("q") for _ in range(4)]
    times = array("d")
    add_item, add_person, add_code, add_dataset = (column.append for column in numbers)
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    scope = {"project": project_id, "items": None if items is None else list(items)}
    with (
        psycopg.ClientCursor(raw) as cursor,
        cursor.copy(f"COPY ({_SAID}) TO STDOUT (FORMAT binary)", scope) as copy,
    ):
        copy.set_types(["int8", "int8", "int8", "text", "float8", "int8"])
        for item, person, schema, answer, at, dataset in copy.rows():
            add_item(item)
            add_person(person)
            add_code(coder.code(schema, answer))
            add_dataset(dataset)
            times.append(at)
    item_, person_, code_, dataset_ = (np.frombuffer(column, dtype=np.int64) for column in numbers)
    return Said(item_, person_, code_, np.frombuffer(times, dtype=np.float64), dataset_, coder.answers)


class _Coder:
    """Numbers for answers: the same for those that say the same on all questions that can be compared."""

    def __init__(self, schema_id: int) -> None:
        self._readings = readings_under(schema_id)
        questions = self._readings.current.questions
        self._names = [one["name"] for one in questions if QUESTION_TYPES[one["type"]].scale]
        self._known: dict[tuple[int, str], int] = {}
        self._codes: dict[bytes, int] = {}
        self.answers: list[dict[str, Any]] = []

    def code(self, schema: int, answer: str) -> int:
        known = self._known.get((schema, answer))
        if known is not None:
            return known
        read, _ = self._readings.read(schema, orjson.loads(answer))
        told = {name: read[name] for name in self._names if name in read}
        code = self._codes.setdefault(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), len(self.answers))
        if code == len(self.answers):
            self.answers.append(told)
        # Answers with free text are all different; only so many are remembered as they were given.
        if len(self._known) < MOST_REMEMBERED:
            self._known[schema, answer] = code
        return code
