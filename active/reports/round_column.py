"""The column "Round" of the data table: which round chose an item last, and as what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from active.models import Selection
from annotation.models import Project
from annotation.reports.table_columns import EXTRA, Column
from annotation.reports.table_loaded import Loaded

_KINDS = {"again": "again", "random": "at random", "arrived": "arrived"}


def add() -> None:
    """Let the data table offer it."""
    EXTRA["round"] = Column("round", "Round", "text", "Queue", _cell)


def _cell(known: Loaded, item: int) -> Any:
    return known.more("round", _rounds).get(item, "")


def _rounds(project: Project, items: list[int]) -> Mapping[int, str]:
    rows = Selection.objects.filter(item__in=items).order_by("round__number")
    return {
        item: f"{number}, {_KINDS[kind]}" if kind in _KINDS else str(number)
        for item, number, kind in rows.values_list("item_id", "round__number", "kind")
    }
