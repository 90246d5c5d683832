"""One row for each item, with its consensus and who stands behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from annotation.formats.layout import MOST_STRUCT, SOURCES, Column
from annotation.services.snapshot_supply import PROBABLE
from annotation.snapshots.columns import by_distinct, column, loaded, numbers, places, rows_for, typed
from annotation.snapshots.items import Columns, item_columns, sorted_lists, tags_of
from annotation.snapshots.older import under_current
from annotation.snapshots.plan import People, Plan
from annotation.snapshots.standing import standing

# Of a chance: it is kept to about so many.
DIGITS = 4


def consensus_rows(chunk: dict[str, Any], ids: np.ndarray, plan: Plan, people: People) -> Columns:
    """The columns of one chunk. `chunk` has the tables that its statements gave: items in order, consensus, votes ..."""
    columns = item_columns(chunk["items"], plan, chunk["parts"])
    columns["tags"] = tags_of(chunk.get("tags"), ids)
    agreed = under_current(chunk["consensus"], plan)
    votes = standing(chunk["votes"], chunk.get("set_aside"))
    at = places(numbers(votes, "item_id"), ids)
    for place, question in enumerate(plan.layout.questions):
        columns |= _question(agreed, question["name"], ids, plan)
        columns[f"sources.{question['name']}"] = _sources(votes, at, place, len(ids))
    columns["annotators"] = _annotators(votes, at, len(ids), people)
    return columns | _probable(chunk, ids, plan)


def _probable(chunk: dict[str, Any], ids: np.ndarray, plan: Plan) -> Columns:
    """What machines say of these items, in columns of its own."""
    begin = f"{PROBABLE} "
    tables = {name.removeprefix(begin): table for name, table in chunk.items() if name.startswith(begin)}
    kinds = {column.name: column for column in plan.layout.columns}
    found: Columns = {}
    for question, _ in plan.layout.judged:
        shares = kinds[f"probable.{question}"]
        said = plan.probable.chances(question, ids, tables) if plan.probable else None
        found[shares.name] = chances(said, shares, len(ids))
    return found


def chances(said: Any, shares: Column, length: int) -> pa.Array:
    """Chances, (n, k) with NaN where nothing is said, as a column; negligible ones are left out."""
    if said is None:
        said = np.full((length, len(shares.labels)), np.nan)
    missing = np.isnan(said).any(axis=1)
    told = np.round(said, DIGITS)
    if shares.kind == "json":
        return pa.array(
            [None if gone else _json(row, shares) for row, gone in zip(told, missing, strict=True)],
            pa.string(),
        )
    inner = [pa.array(column, pa.float64(), mask=missing | (column == 0)) for column in told.T]
    fields = [pa.field(label, pa.float64()) for label in shares.labels]
    return pa.StructArray.from_arrays(inner, fields=fields, mask=pa.array(missing))


def _json(row: np.ndarray, shares: Column) -> str:
    likely = np.flatnonzero(row)
    return orjson.dumps({shares.labels[place]: float(row[place]) for place in likely.tolist()}).decode()


def _question(agreed: pa.Table, name: str, ids: np.ndarray, plan: Plan) -> Columns:
    own = np.flatnonzero(pc.equal(column(agreed, "question"), name).to_numpy(zero_copy_only=False))
    rows = rows_for(numbers(agreed, "item_id")[own], own, ids)
    kinds = {column.name: column for column in plan.layout.columns}
    value = kinds[f"consensus.{name}"].kind
    found = {
        f"consensus.{name}": by_distinct(
            column(agreed, "value").take(rows), lambda texts: typed(loaded(texts), value)
        )
    }
    for attribute in ("confidence", "status", "method", "votes", "run"):
        found[f"{attribute}.{name}"] = column(agreed, attribute).take(rows)
    if (shares := kinds.get(f"probabilities.{name}")) is not None:
        found[shares.name] = _shares(column(agreed, "distribution").take(rows), shares)
    # Not of the snapshot's rows: counted for its manifest.
    found[f"kinds.{name}"] = column(agreed, "kinds").take(rows)
    return found


def _shares(distributions: pa.Array, shares: Column) -> pa.Array:
    if len(shares.labels) > MOST_STRUCT:
        return distributions
    return by_distinct(distributions, lambda texts: _structs(loaded(texts), shares))


def _structs(distributions: list[Any], shares: Column) -> pa.Array:
    told = [found or {} for found in distributions]
    inner = [pa.array([found.get(label) for found in told], pa.float64()) for label in shares.labels]
    missing = pa.array([found is None for found in distributions], pa.bool_())
    fields = [pa.field(label, pa.float64()) for label in shares.labels]
    return pa.StructArray.from_arrays(inner, fields=fields, mask=missing)


def _sources(votes: pa.Table, at: np.ndarray, place: int, length: int) -> pa.Array:
    """How many standing answers of each origin say something to the question."""
    said = column(votes, f"said_{place}").fill_null(False).to_numpy(zero_copy_only=False) & (at >= 0)
    origins = column(votes, "origin")
    counts = []
    for origin in SOURCES:
        own = said & pc.equal(origins, origin).to_numpy(zero_copy_only=False)
        counts.append(pa.array(np.bincount(at[own], minlength=length).astype(np.int32), pa.int32()))
    return pa.StructArray.from_arrays(counts, names=list(SOURCES))


def _annotators(votes: pa.Table, at: np.ndarray, length: int, people: People) -> pa.Array:
    annotators = numbers(votes, "annotator_id")
    distinct, codes = np.unique(annotators, return_inverse=True)
    names = np.array(people.names(distinct), dtype=object)
    return sorted_lists(at, names[codes] if len(codes) else names, length)
