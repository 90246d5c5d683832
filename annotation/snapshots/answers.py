"""One row for each person's answer that stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from annotation.snapshots.columns import column, numbers, places, typed
from annotation.snapshots.items import Columns, item_columns
from annotation.snapshots.plan import People, Plan
from annotation.snapshots.standing import counting, current, revisions

_AS_THEY_ARE = ("origin", "seconds", "created_at", "suggested", "followed", "kept")


def answer_rows(chunk: dict[str, Any], ids: np.ndarray, plan: Plan, people: People) -> Columns:
    """The columns of one chunk, in the order of items and answers."""
    given = chunk["answers"]
    given = given.append_column("revisions", pa.array(revisions(given)))
    given = given.append_column("counts", pa.array(counting(given, chunk.get("set_aside"))))
    given = given.filter(pa.array(current(given) & _in_time(given, plan)))
    at = places(numbers(given, "item_id"), ids)
    order = np.lexsort((numbers(given, "id"), at))
    order = order[at[order] >= 0]
    given, at = given.take(pa.array(order, pa.int64())), at[order]
    items = item_columns(chunk["items"], plan, chunk["parts"])
    columns = {name: found.take(pa.array(at, pa.int64())) for name, found in items.items()}
    columns["annotation_id"] = column(given, "id")
    columns["annotator"] = people.column(numbers(given, "annotator_id"))
    for name in (*_AS_THEY_ARE, "revisions", "counts"):
        columns[name] = column(given, name)
    return columns | _said(given, plan)


def _in_time(given: pa.Table, plan: Plan) -> np.ndarray:
    there = np.ones(len(given), bool)
    for bound, compare in ((plan.choice.since, pc.greater_equal), (plan.choice.until, pc.less)):
        if bound is not None:
            there &= compare(column(given, "created_at"), _moment(bound)).to_numpy(zero_copy_only=False)
    return there


def _moment(bound: datetime) -> pa.Scalar:
    return pa.scalar(bound, pa.timestamp("us", "UTC"))


def _said(given: pa.Table, plan: Plan) -> Columns:
    """What was answered. Each distinct answer is read once."""
    schemas, answers = numbers(given, "schema_id"), column(given, "answer")
    coded = answers.dictionary_encode()
    texts = coded.dictionary.to_pylist()
    pairs = np.stack([schemas, coded.indices.to_numpy()])
    distinct, which = np.unique(pairs, axis=1, return_inverse=True)
    told = [_read(int(schema), texts[place], plan) for schema, place in distinct.T.tolist()]
    rows = pa.array(which.reshape(-1), pa.int64())
    found = {
        "schema_version": _versions(distinct[0], plan),
        "answer": pa.array([one[1] for one in told], pa.string()),
        "given": pa.array([one[2] for one in told], pa.string()),
        "lacking": pa.array([one[3] for one in told], pa.list_(pa.string())),
    }
    for shown in plan.layout.columns:
        if shown.name.startswith("answer."):
            found[shown.name] = typed((one[0].get(shown.of) for one in told), shown.kind)
    return {name: values.take(rows) for name, values in found.items()}


def _read(schema: int, text: str, plan: Plan) -> tuple[dict[str, Any], str, str | None, list[str] | None]:
    """(the answer as it reads now, the same as JSON, as it was given and what it lacks if that was under older questions)"""
    answer = orjson.loads(text)
    if schema == plan.schema or plan.readings is None:
        return answer, text, None, None
    read, lacking = plan.readings.read(schema, answer)
    return read, orjson.dumps(read).decode(), text, sorted(lacking)


def _versions(schemas: np.ndarray, plan: Plan) -> pa.Array:
    readings = plan.readings
    return pa.array([readings.version(schema) if readings else 0 for schema in schemas.tolist()], pa.int32())
