"""The data table: one page of the items that pass a filter, with the columns that somebody chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotation import filtering
from annotation.filtering import Counted, Where
from annotation.models import Project
from annotation.reports.table_columns import WHOLE, Column, chosen
from annotation.reports.table_loaded import Loaded


@dataclass(frozen=True, slots=True)
class Row:
    """An item of the table; `cells` go with the page's columns."""

    id: int
    key: str
    flags: int
    gold: bool
    cells: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page:
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    previous: int | None
    next: int | None
    counted: Counted


def table(
    *,
    project: Project,
    where: Where,
    columns: Sequence[str] = (),
    after: int = 0,
    before: int | None = None,
    limit: int = 50,
    gold: bool = False,
) -> Page:
    """One page after or before an id. `gold`: whether the reader may know which items are gold questions.

    As many queries whatever the page holds. Raises InvalidInput for a search that takes too long.
    """
    with filtering.time_limit():
        found = filtering.find(
            project,
            where,
            after=after,
            before=before,
            limit=limit + 1,
            # From the first item on, what is found is counted too.
            most=0 if after or before else filtering.COUNTED + 1,
        )
        counted = filtering.counted(project, where, None if after or before else found)
    ids, more = found.ids[:limit], len(found.ids) > limit
    if before is not None:
        ids.reverse()
    shown = chosen(project, columns)
    return Page(
        columns=tuple(shown),
        rows=_rows(project, ids, shown, gold),
        previous=ids[0] if ids and (more if before is not None else after) else None,
        next=ids[-1] if ids and (more if before is None else True) else None,
        counted=counted,
    )


def _rows(project: Project, ids: list[int], columns: list[Column], gold: bool) -> tuple[Row, ...]:
    fields = [column.name.removeprefix("meta.") for column in columns if column.name.startswith("meta.")]
    whole = [""] if any(column.name == WHOLE for column in columns) else []
    known = Loaded(project, ids, [*fields, *whole], gold=gold)
    # An item may have been deleted since its id was found.
    return tuple(
        Row(
            id=item,
            key=row["key"],
            flags=row["open_flags"],
            gold=gold and row["is_gold"],
            cells=tuple(column.cell(known, item) for column in columns),
        )
        for item, row in known.items.items()
    )
