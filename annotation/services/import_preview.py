"""What a draft would bring: its first rows as they would be read, and what becomes of each column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from annotation.importing import detecting, suggesting
from annotation.importing.peeking import peek
from annotation.importing.pictures import Picture
from annotation.importing.reading import columns_of
from annotation.importing.records import FileFault, Record, Refused
from annotation.importing.shaping import Shaper
from annotation.models import Dataset
from annotation.services import import_options

SHOWN_ROWS = 8
_SAMPLE_PICTURES = 8
_LONGEST_SHOWN = 500


@dataclass(frozen=True)
class Column:
    """`field` is what it becomes, None when it is left out; `chosen` tells a mapping apart from a suggestion."""

    name: str
    field: str | None
    chosen: bool
    unique: bool


@dataclass(frozen=True)
class Problem:
    row: int
    field: str
    message: str


@dataclass(frozen=True)
class Preview:
    """`errors` are those of the rows that were looked at, which are more than are shown."""

    options: dict[str, Any]
    columns: list[Column] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    error: str = ""
    likely_key: str = ""
    looked_at: int = 0


def preview(*, dataset: Dataset) -> Preview:
    """Look into the file; what is wrong with it is part of the result."""
    options = import_options.of(dataset)
    try:
        rows = _rows(dataset)
    except FileFault as fault:
        return Preview(options, error=str(fault))
    except FileNotFoundError:
        return Preview(options, error="The uploaded file is no longer there. Upload it again.")
    look = import_options.look_at(rows, {}, options, dataset)
    options, rows = look.options, look.values
    mapping = import_options.suggested_mapping(options, rows, dataset.project)
    names = columns_of(rows)
    unique = suggesting.key_columns(names, rows)
    return Preview(
        options={**options, "mapping": mapping},
        columns=[
            Column(name, mapping.get(name, name), options["mapping"] is not None, name in unique)
            for name in names
        ],
        rows=[_shown(row) for row in rows if isinstance(row, dict)][:SHOWN_ROWS],
        errors=_problems(dataset, rows, {**options, "mapping": mapping}),
        likely_key=suggesting.likely_key(names, rows),
        looked_at=len(rows),
    )


def _rows(dataset: Dataset) -> list[Record]:
    options = import_options.of(dataset)
    format = options["format"]
    with import_options.opened(dataset) as source:
        if format in detecting.BINARY - {"zip"}:
            layout, limits = import_options.layout_of(options), import_options.limits()
            return peek(source, layout, limits, import_options.SAMPLE_ROWS)
        count = _SAMPLE_PICTURES if format == "zip" else import_options.SAMPLE_ROWS
        return import_options.sample_of(source, options, count)


def _problems(dataset: Dataset, rows: list[Record], options: dict[str, Any]) -> list[Problem]:
    plan = import_options.plan_of(options, import_options.field_types(dataset.project))
    shaper = Shaper(plan, import_options.limits())
    found = [
        (number, row if isinstance(row, Refused) else shaper.shape(dict(row), number))
        for number, row in enumerate(rows, 1)
    ]
    return [Problem(row, one.field, one.message) for row, one in found if isinstance(one, Refused)]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _short(value) for name, value in row.items()}


def _short(value: Any) -> Any:
    if isinstance(value, Picture):
        return f"{value.name} ({value.width} × {value.height})"
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()
        return value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"
    if isinstance(value, dict | list):
        shown = str(value)
        return value if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "…"
    return value
