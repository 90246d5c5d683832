"""What people said, as arrays: the answers that count, read under the current schema. Label models and agreement start here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import orjson
import psycopg
from django.db import connection

from annotation.reports.readings import readings_under

Ints = npt.NDArray[np.int64]
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
    """The answers to these items (all of the project's if None) as they read under this schema."""
    readings = readings_under(schema_id)
    codes: dict[tuple[int, str], int] = {}
    answers: list[dict[str, Any]] = []
    rows = []
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    scope = {"project": project_id, "items": None if items is None else list(items)}
    with (
        psycopg.ClientCursor(raw) as cursor,
        cursor.copy(f"COPY ({_SAID}) TO STDOUT (FORMAT binary)", scope) as copy,
    ):
        copy.set_types(["int8", "int8", "int8", "text", "float8", "int8"])
        for item, person, schema, answer, at, dataset in copy.rows():
            code = codes.setdefault((schema, answer), len(answers))
            if code == len(answers):
                answers.append(readings.read(schema, orjson.loads(answer))[0])
            rows.append((item, person, code, at, dataset))
    columns = list(zip(*rows, strict=True)) or [()] * 5
    items_, people, codes_, datasets = (np.array(columns[n], dtype=np.int64) for n in (0, 1, 2, 4))
    return Said(items_, people, codes_, np.array(columns[3], dtype=np.float64), datasets, answers)
