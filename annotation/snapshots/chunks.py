"""The rows of a snapshot, chunk by chunk: the next chunk is read while this one is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import BigIntegerField, F, Func

from annotation.models import Project
from annotation.services.snapshot_choices import Choice, items_of
from annotation.services.snapshot_supply import PROBABLE
from annotation.snapshots import sql
from annotation.snapshots.answers import answer_rows
from annotation.snapshots.consensus import consensus_rows
from annotation.snapshots.items import Columns, in_order
from annotation.snapshots.parting import Part
from annotation.snapshots.plan import People, Plan
from annotation.snapshots.reading import State

# What one chunk has at most, and so a row group; one item may be more.
MOST_ROWS = 16_384
MOST_BYTES = 24 * 2**20


class Items:
    """The items of a snapshot in order, and where to cut them into chunks."""

    def __init__(self, ids: np.ndarray, rows: np.ndarray, sizes: np.ndarray) -> None:
        order = np.argsort(ids, kind="stable")
        self.ids, self._rows, self._sizes = ids[order], np.cumsum(rows[order]), np.cumsum(sizes[order])

    def chunks(self) -> Iterator[np.ndarray]:
        start = 0
        while start < len(self.ids):
            end = min(self._reach(self._rows, start, MOST_ROWS), self._reach(self._sizes, start, MOST_BYTES))
            yield self.ids[start : max(end, start + 1)]
            start = max(end, start + 1)

    @staticmethod
    def _reach(sums: np.ndarray, start: int, most: int) -> int:
        before = sums[start - 1] if start else 0
        return int(np.searchsorted(sums, before + most, side="right"))


def items(state: State, project: Project, choice: Choice) -> Items:
    """Which items, from one statement."""
    size = Func(F("payload"), function="pg_column_size", output_field=BigIntegerField())
    found = items_of(project=project, choice=choice).annotate(size=size).values_list("pk", "size", "answers")
    text, params = found.query.sql_with_params()
    table = state.table(text, params)
    ids, sizes, answers = (table.column(place).to_numpy().astype(np.int64) for place in range(3))
    rows = answers.clip(min=1) if choice.rows == "annotations" else np.ones(len(ids), np.int64)
    # Each answer repeats the item's payload.
    return Items(ids, rows, sizes * rows)


def tables(
    state: State, plan: Plan, found: Items, part: Part | None
) -> Iterator[tuple[pa.Table, Columns, int]]:
    """Each chunk as it is written, what is counted beside it, and how many items it is about."""
    people = People(state)
    before: tuple[np.ndarray, dict[str, Future[pa.Table]]] | None = None
    for ids in found.chunks():
        asked = ids, _ask(state, plan, ids)
        if before is not None:
            yield _shaped(state, plan, *before, part, people)
        before = asked
    if before is not None:
        yield _shaped(state, plan, *before, part, people)


def _ask(state: State, plan: Plan, ids: np.ndarray) -> dict[str, Future[pa.Table]]:
    project = plan.project
    asked = {"items": state.soon(sql.items(project, ids, plan.layout, plan.parted_by))}
    if plan.layout.rows == "consensus":
        probabilities = plan.layout.probabilities
        asked["consensus"] = state.soon(
            sql.consensus(project, ids, kept=plan.kept, distribution=probabilities)
        )
        asked["votes"] = state.soon(sql.votes(project, ids, plan.asked))
        if plan.tagged:
            asked["tags"] = state.soon(sql.tags(project, ids))
        if plan.probable is not None:
            for name, statement in plan.probable.statements(ids).items():
                asked[f"{PROBABLE} {name}"] = state.soon(statement)
    else:
        asked["answers"] = state.soon(sql.answers(project, ids))
    if plan.doubted:
        asked["set_aside"] = state.soon(sql.set_aside(project, ids))
    return asked


def _shaped(
    state: State,
    plan: Plan,
    ids: np.ndarray,
    asked: dict[str, Future[pa.Table]],
    part: Part | None,
    people: People,
) -> tuple[pa.Table, Columns, int]:
    chunk: dict[str, Any] = {name: state.wait(table) for name, table in asked.items()}
    asked.clear()
    chunk["items"] = in_order(chunk["items"], ids)
    chunk["parts"] = part(chunk["items"]) if part else None
    shape = consensus_rows if plan.layout.rows == "consensus" else answer_rows
    columns = shape(chunk, ids, plan, people)
    schema = plan.layout.arrow()
    table = pa.Table.from_arrays(
        [columns.pop(name).cast(schema.field(name).type) for name in schema.names], schema=schema
    )
    if plan.layout.rows == "consensus" and not plan.choice.unlabeled:
        table, columns = _labeled(table, columns, plan)
    return table, columns, len(ids)


def _labeled(table: pa.Table, columns: Columns, plan: Plan) -> tuple[pa.Table, Columns]:
    """Without the items whose consensus says nothing under the current questions."""
    there = np.zeros(len(table), bool)
    for question in plan.layout.questions:
        there |= pc.is_valid(table.column(f"status.{question['name']}")).to_numpy(zero_copy_only=False)
    if there.all():
        return table, columns
    kept = pa.array(there)
    return table.filter(kept), {name: column.filter(kept) for name, column in columns.items()}
