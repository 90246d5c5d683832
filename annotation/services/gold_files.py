"""Gold questions from a file: rows with the key or the payload of an item, and columns with the known answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from annotation.errors import Conflict, InvalidInput
from annotation.importing.detecting import detect
from annotation.importing.reading import read
from annotation.importing.records import FileFault, Record, Refused, Source
from annotation.models import Item, Project, Schema, User
from annotation.questions import QUESTION_TYPES
from annotation.roles import Action
from annotation.services import gold
from annotation.services.access import check
from annotation.services.import_options import limits

MOST_ROWS = 5000
MOST_BYTES = 20 * 2**20
MOST_REFUSED = 100


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row was refused; rows count from 1, without the one that names the columns."""

    row: int
    message: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file. `refused` are the first of `refused_count` rows."""

    created: int
    updated: int
    refused_count: int
    refused: tuple[RowFault, ...]


def take(*, project: Project, by: User, source: Source, name: str) -> Taken:
    """Keep the known answers of a file; rows with faults are refused by themselves.

    Each batch is kept by itself, and the same file again changes nothing. Raises NotAllowed, NotFound, Conflict without a
    schema, and InvalidInput for a file that cannot be read, is too large, or has no answers.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    if project.schema is None:
        raise Conflict("This project has no questions yet; publish a schema first.")
    if source.size > MOST_BYTES:
        raise InvalidInput(f"A file of gold questions has at most {MOST_BYTES // 2**20} MB.")
    rows = _rows(source, name)
    _check_columns(project.schema, rows)
    created = updated = 0
    refused: list[RowFault] = []
    numbered = iter(enumerate(rows, 1))
    while batch := list(islice(numbered, gold.MOST_AT_ONCE)):
        kept, faults = _keep(project, by, batch)
        created, updated = created + kept.created, updated + kept.updated
        refused += faults
    count = len({fault.row for fault in refused})
    return Taken(created, updated, count, tuple(refused[:MOST_REFUSED]))


def _rows(source: Source, name: str) -> list[Record]:
    try:
        layout = detect(source, name)
        rows = list(islice(read(source, layout, limits()), MOST_ROWS + 1)) if layout.format != "zip" else []
    except FileFault as fault:
        raise InvalidInput(str(fault)) from fault
    if layout.format == "zip":
        raise InvalidInput("Give a table: CSV, TSV, JSON Lines, JSON or Parquet.")
    if len(rows) > MOST_ROWS:
        raise InvalidInput(f"At most {MOST_ROWS:,} rows are taken at once; split the file.")
    return rows


def _check_columns(schema: Schema, rows: list[Record]) -> None:
    columns = {name for row in rows if isinstance(row, dict) for name in row}
    if not columns & {"answer", *_columns(schema)}:
        wanted = ", ".join(f"answer.{question['name']}" for question in schema.questions[:5])
        raise InvalidInput(f"No column has a known answer; it needs {wanted} (or answer, with JSON).")


def _columns(schema: Schema) -> dict[str, str]:
    """Which columns answer which question: `answer.<question>`, or `<question>` where no field has this name."""
    fields = {field["name"] for field in schema.fields}
    names = [question["name"] for question in schema.questions]
    bare = {name: name for name in names if name not in fields | _OTHERS}
    return {**bare, **{f"answer.{name}": name for name in names}}


_OTHERS = {"key", "answer", "explanation", "use"}


def _keep(project: Project, by: User, batch: list[tuple[int, Record]]) -> tuple[gold.Kept, list[RowFault]]:
    refused = [RowFault(number, row.message) for number, row in batch if isinstance(row, Refused)]
    rows = [(number, row) for number, row in batch if isinstance(row, dict)]
    assert project.schema is not None
    keys = {str(row["key"]) for _, row in rows if row.get("key") not in (None, "")}
    there = set(Item.objects.filter(project=project, key__in=list(keys)).values_list("key", flat=True))
    known = []
    places = []
    for number, row in rows:
        try:
            known.append(_known(project.schema, row, there))
            places.append(number)
        except ValueError as error:
            refused.append(RowFault(number, str(error)))
    try:
        kept = gold.put(project=project, by=by, items=known)
        faults = kept.faults
    except InvalidInput as error:
        kept, faults = gold.Kept(0, 0, ()), tuple(error.faults)
    for fault in faults:
        _, position, *path = fault.path
        where = ".".join(str(step) for step in path)
        refused.append(
            RowFault(places[int(position)], f"{where}: {fault.message}" if where else fault.message)
        )
    return kept, sorted(refused, key=lambda one: one.row)


def _known(schema: Schema, row: Mapping[str, Any], there: set[str]) -> gold.Known:
    """What a row says. Raises ValueError."""
    columns = _columns(schema)
    tolerances = {f"tolerance.{question['name']}": question["name"] for question in schema.questions}
    key = None if row.get("key") in (None, "") else str(row["key"])
    # A payload may have a field of this name.
    use = "use" in row and "use" not in {field["name"] for field in schema.fields}
    ours = {"key", "answer", "explanation", *columns, *tolerances, *(["use"] if use else [])}
    payload = {name.removeprefix("payload."): value for name, value in row.items() if name not in ours}
    return gold.Known(
        answer=_answer(schema, columns, row),
        key=key,
        # Of an item that is there, the row need not repeat the payload in every detail.
        payload=None if key in there or not _says_anything(payload) else payload,
        tolerance={
            question: _number(column, row[column])
            for column, question in tolerances.items()
            if row.get(column) not in (None, "")
        },
        explanation=str(row.get("explanation") or ""),
        use=(str(row.get("use") or "").strip().lower() or None) if use else None,
    )


def _says_anything(payload: Mapping[str, Any]) -> bool:
    return any(value not in (None, "") for value in payload.values())


def _answer(schema: Schema, columns: Mapping[str, str], row: Mapping[str, Any]) -> Any:
    whole = row.get("answer")
    if isinstance(whole, str) and whole.strip().startswith("{"):
        try:
            whole = orjson.loads(whole)
        except orjson.JSONDecodeError as error:
            raise ValueError("answer: This is not JSON.") from error
    answer = dict(whole) if isinstance(whole, dict) else {}
    asked = {question["name"]: question for question in schema.questions}
    for column, name in columns.items():
        if (value := row.get(column)) not in (None, ""):
            answer[name] = _value(asked[name], value)
    return answer


def _value(question: Mapping[str, Any], cell: Any) -> Any:
    """What a cell says to a question: JSON as it is, text as the question's type reads it, lists joined by bars."""
    if not isinstance(cell, str):
        return cell
    kind = QUESTION_TYPES[question["type"]]
    parts = [part.strip() for part in cell.split("|")] if kind.scale == "set" else [cell]
    read = kind.adopt(question, parts)
    return cell if read is None else read


def _number(column: str, cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{column}: A tolerance is a number, 0 or more.") from error
