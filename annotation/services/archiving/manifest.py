"""What a manifest says, checked against what this version knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotation.services.archiving.parts import BadFile, Written
from annotation.services.archiving.tables import TABLES, Table

# Ids are small numbers in the file; more than so many rows would be no project.
HIGHEST = 10**12


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the file: its columns in their order, how many rows, and the highest id among them."""

    table: Table
    columns: tuple[str, ...]
    rows: int
    last: int
    written: Written


@dataclass(frozen=True, slots=True)
class Contents:
    project: str
    software: str
    made_at: str
    people: Written
    files: Written
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


def contents_of(manifest: Mapping[str, Any]) -> Contents:
    """Raises BadFile for what it does not say, or what this version does not know."""
    tables = manifest.get("tables")
    if not isinstance(tables, list):
        raise BadFile("manifest.json lists no tables.")
    parts = {part.table.name: part for part in (_part(about, manifest) for about in tables)}
    names = set(parts)
    if len(names) != len(tables):
        raise BadFile("manifest.json lists a table twice.")
    for needed in ("annotation.project", "annotation.schema", "annotation.membership", "annotation.item"):
        if needed not in names:
            raise BadFile(f"manifest.json does not list {needed}.")
    return Contents(
        project=_text(manifest, "project"),
        software=_text(manifest, "software"),
        made_at=_text(manifest, "made_at"),
        people=_written(manifest.get("people"), "people"),
        files=_written(manifest.get("files"), "files"),
        # As they are read here, which may be another order than where the file was made.
        parts=tuple(parts[table.name] for table in TABLES if table.name in names),
    )


def _part(about: Any, manifest: Mapping[str, Any]) -> Part:
    name = about.get("name") if isinstance(about, dict) else None
    table = next((table for table in TABLES if table.name == name), None)
    newer = f"The file was made by Querent {manifest.get('software')}; update this one first."
    if table is None:
        raise BadFile(f"There is no table {name} here. {newer}")
    columns = about.get("columns")
    known = {column.name for column in table.columns()}
    if not isinstance(columns, list) or len(set(map(str, columns))) != len(columns):
        raise BadFile(f"manifest.json does not list the columns of {name}, each once.")
    if strange := [column for column in columns if column not in known]:
        raise BadFile(f"{name} has no column {strange[0]} here. {newer}")
    if table.key not in columns:
        raise BadFile(f"{name} lacks its column {table.key}.")
    rows, last = _count(about, "rows", name), _count(about, "last", name)
    return Part(table, tuple(columns), rows, last, _written(about, str(name)))


def _written(about: Any, name: str) -> Written:
    if not isinstance(about, dict) or not isinstance(about.get("sha256"), str):
        raise BadFile(f"manifest.json does not say what is in {name}.")
    return Written(_count(about, "size", name), about["sha256"])


def _count(about: Mapping[str, Any], key: str, name: object) -> int:
    found = about.get(key)
    if type(found) is not int or not 0 <= found <= HIGHEST:
        raise BadFile(f"manifest.json: {key} of {name} is no sensible number.")
    return found


def _text(manifest: Mapping[str, Any], key: str) -> str:
    found = manifest.get(key)
    if not isinstance(found, str) or "\0" in found:
        raise BadFile(f"manifest.json does not name its {key}.")
    return found[:200]
