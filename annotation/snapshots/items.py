"""The columns that both kinds of rows have: what an item is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from annotation.snapshots.columns import column, numbers, places
from annotation.snapshots.plan import Plan

Columns = dict[str, pa.Array]


def in_order(found: pa.Table, ids: np.ndarray) -> pa.Table:
    """The rows of these ids, in their order, of all that were found between the first and the last of them."""
    items = numbers(found, "id")
    order = np.argsort(items, kind="stable")
    order = order[places(items[order], ids) >= 0]
    return found.take(pa.array(order, pa.int64()))


def item_columns(found: pa.Table, plan: Plan, parts: np.ndarray | None) -> Columns:
    """Of items in order. `parts` says for each which part of the split it is in, -1 for none."""
    columns: Columns = {"item_id": column(found, "id"), "key": column(found, "key")}
    columns["dataset"] = _dataset(column(found, "dataset_id"), plan)
    columns["state"] = column(found, "state")
    if parts is not None:
        names = pa.array(plan.layout.parts, pa.string())
        columns["split"] = names.take(pa.array(parts, pa.int64(), mask=parts < 0))
    columns["payload"] = column(found, "payload")
    for place, field in enumerate(plan.layout.shown):
        columns[f"payload.{field['name']}"] = column(found, f"field_{place}")
    return columns


def _dataset(datasets: pa.Array, plan: Plan) -> pa.Array:
    coded = datasets.dictionary_encode()
    names = [plan.datasets.get(one) for one in coded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(coded.indices)


def tags_of(found: pa.Table | None, ids: np.ndarray) -> pa.Array:
    """The tags of each item, in alphabetical order."""
    if found is None:
        return lists(np.array([], int), pa.array([], pa.string()), len(ids))
    names = np.array(column(found, "name").to_pylist(), dtype=object)
    return sorted_lists(places(numbers(found, "item_id"), ids), names, len(ids))


def sorted_lists(at: np.ndarray, names: np.ndarray, length: int) -> pa.Array:
    """For each place the names that lie there, in alphabetical order; those at -1 lie nowhere."""
    there = at >= 0
    at, names = at[there], names[there]
    distinct, ranks = np.unique(names, return_inverse=True) if len(names) else (names, np.array([], int))
    order = np.lexsort((ranks, at))
    values = pa.array(distinct.tolist(), pa.string()).take(pa.array(ranks[order], pa.int64()))
    return lists(at, values, length)


def lists(at: np.ndarray, values: pa.Array, length: int) -> pa.Array:
    """`values` are in the order of the places."""
    sizes = np.bincount(at, minlength=length) if len(at) else np.zeros(length, int)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)
