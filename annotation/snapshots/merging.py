"""Two snapshots side by side: the rows of the same items, window by window, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from annotation.formats.master import Master
from annotation.snapshots.columns import column, numbers


class Side:
    """The rows of one master in order, only some of their columns, a row group at a time."""

    def __init__(self, master: Master, columns: Sequence[str]) -> None:
        self._groups = iter(range(master.groups))
        self._master, self._columns = master, list(columns)
        self._rows: pa.Table | None = None
        self._next()

    @property
    def last(self) -> int | None:
        """The last item at hand; None when there are no rows any more."""
        return None if self._rows is None else int(numbers(self._rows, "item_id")[-1])

    def up_to(self, bound: int) -> pa.Table | None:
        """The rows at hand of items up to this one, which are handed out; None when there are no rows any more."""
        if self._rows is None:
            return None
        end = int(np.searchsorted(numbers(self._rows, "item_id"), bound, side="right"))
        found, self._rows = self._rows.slice(0, end), self._rows.slice(end)
        if not len(self._rows):
            self._next()
        return found

    def _next(self) -> None:
        group = next(self._groups, None)
        if group is None:
            self._rows = None
            return
        batches = list(self._master.batches(group, self._columns, most=self._master.rows_of(group)))
        self._rows = pa.Table.from_batches(batches).select(self._columns)


def windows(old: Side, new: Side) -> Iterator[tuple[pa.Table | None, pa.Table | None]]:
    """The rows of the same items of both. An item's rows never lie in two row groups."""
    while lasts := [side.last for side in (old, new) if side.last is not None]:
        bound = min(lasts)
        yield old.up_to(bound), new.up_to(bound)


@dataclass(frozen=True)
class Matched:
    """Rows that are in both, aligned, and which are in one alone."""

    old: pa.Table
    new: pa.Table
    added: pa.Table
    removed: pa.Table


def matched(old: pa.Table, new: pa.Table) -> Matched:
    """By item, or by item and person where both have people. No two rows of a side are about the same."""
    first, second = _names(old, new)
    _, mine, yours = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    return Matched(
        old.take(pa.array(mine, pa.int64())),
        new.take(pa.array(yours, pa.int64())),
        added=new.filter(pa.array(~np.isin(np.arange(len(new)), yours))),
        removed=old.filter(pa.array(~np.isin(np.arange(len(old)), mine))),
    )


def _names(old: pa.Table, new: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    items = numbers(old, "item_id"), numbers(new, "item_id")
    if "annotator" not in old.column_names:
        return items
    people = pa.concat_arrays([column(old, "annotator"), column(new, "annotator")]).dictionary_encode()
    codes, count = people.indices.to_numpy(), len(people.dictionary) or 1
    return items[0] * count + codes[: len(old)], items[1] * count + codes[len(old) :]
