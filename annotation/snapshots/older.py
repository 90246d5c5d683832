"""Consensus that was kept under an older version of the questions, as it reads under the current one.

What is inferred from votes follows a new version within seconds; what experts decided stays under the version that they saw.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from annotation.questions import QUESTION_TYPES
from annotation.readings import Readings
from annotation.snapshots.columns import numbers
from annotation.snapshots.plan import Plan

Row = dict[str, Any]


def under_current(agreed: pa.Table, plan: Plan) -> pa.Table:
    """The same rows, those of older versions in front and read under the current one."""
    older = numbers(agreed, "schema_id") != plan.schema
    if not older.any():
        return agreed
    assert plan.readings is not None, "there is no consensus without questions"
    rows = list(_read(agreed.filter(pa.array(older)).to_pylist(), plan.readings))
    return pa.concat_tables(
        [pa.Table.from_pylist(rows, schema=agreed.schema), agreed.filter(pa.array(~older))]
    )


def _read(rows: list[Row], readings: Readings) -> Iterator[Row]:
    by_item: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in rows:
        by_item[row["item_id"], row["schema_id"]].append(row)
    called = {
        name: dict(readings.answering(name)) for name in (one["name"] for one in readings.current.questions)
    }
    for (_, schema), said in by_item.items():
        own = {row["question"]: row for row in said if row["value"] is not None}
        answer = {name: orjson.loads(row["value"]) for name, row in own.items()}
        for name, value in readings.read(schema, answer)[0].items():
            yield _renamed(own[called[name][schema]], name, value, readings)


def _renamed(row: Row, name: str, value: Any, readings: Readings) -> Row:
    told = {**row, "question": name, "value": orjson.dumps(value).decode()}
    if "distribution" in row:
        told["distribution"] = orjson.dumps(_carried(row, name, readings)).decode()
    return told


def _carried(row: Row, name: str, readings: Readings) -> dict[str, float]:
    """The probabilities under the labels' current names; those of merged labels are added up."""
    before = next(
        one for one in readings.schemas[row["schema_id"]].questions if one["name"] == row["question"]
    )
    found: dict[str, float] = defaultdict(float)
    for label, share in orjson.loads(row["distribution"]).items():
        value = QUESTION_TYPES[before["type"]].adopt(before, [label])
        read = readings.read(row["schema_id"], {row["question"]: value})[0] if value is not None else {}
        for now in readings.form.votes(read).get(name, []):
            found[now] = min(1.0, found[now] + share)
    return dict(found)
