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
from annotation.services.import_heard import HeardPreview, heard

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
    # What it tells of answers, where it is no field of the item.
    role: str = ""


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
    heard: HeardPreview = field(default_factory=HeardPreview)
    sheets: list[str] = field(default_factory=list)


def preview(*, dataset: Dataset, eager: bool = False) -> Preview:
    """Look into the file; what is wrong with it is part of the result. `eager`: also suggest what is doubtful."""
    options = import_options.of(dataset)
    try:
        rows, hints = _rows(dataset)
    except FileFault as fault:
        return Preview(options, error=str(fault))
    except FileNotFoundError:
        return Preview(options, error="The uploaded file is no longer there. Upload it again.")
    look = import_options.look_at(rows, hints, options, dataset, eager=eager)
    values = look.values
    mapping = import_options.suggested_mapping(look.options, values, dataset.project)
    names = columns_of(values)
    unique = suggesting.key_columns(names, values)
    roles = look.options["roles"]
    return Preview(
        options={**look.options, "mapping": mapping},
        columns=[
            Column(
                name,
                None if name in roles else mapping.get(name, name),
                options["mapping"] is not None,
                name in unique,
                roles.get(name, ""),
            )
            for name in (columns_of(rows) if roles else names)
            if name in roles or name in names
        ],
        rows=_first(rows, values, roles),
        errors=_problems(dataset, values, {**look.options, "mapping": mapping}),
        likely_key=suggesting.likely_key(names, values),
        looked_at=len(rows),
        heard=heard(dataset, look, rows, hints),
        sheets=hints.get("sheets", []),
    )


def _first(rows: list[Record], values: list[Record], roles: dict[str, str]) -> list[dict[str, Any]]:
    """The first rows that can be read, with the columns that tell of answers."""
    found = []
    for row, inside in zip(rows, values, strict=True):
        if isinstance(row, dict) and isinstance(inside, dict):
            found.append(_shown({**inside, **{name: row.get(name) for name in roles}}))
    return found[:SHOWN_ROWS]


def _rows(dataset: Dataset) -> tuple[list[Record], dict[str, Any]]:
    """The first rows, and what the file says of its columns."""
    options = import_options.of(dataset)
    format = options["format"]
    with import_options.opened(dataset) as source:
        if format in detecting.BINARY - {"zip"}:
            layout, limits = import_options.layout_of(options), import_options.limits()
            return peek(source, layout, limits, import_options.SAMPLE_ROWS), source.hints
        count = _SAMPLE_PICTURES if format == "zip" else import_options.SAMPLE_ROWS
        return import_options.sample_of(source, options, count), source.hints


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
