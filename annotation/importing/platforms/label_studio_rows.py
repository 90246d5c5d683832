"""Label Studio's JSON_MIN, CSV and TSV: a row for each annotation, with data and answers side by side.

Nothing in the file says which is which but the order of JSON_MIN, what values look like, and that the data of a task are the
same in all of its rows. What is guessed are roles, for people to change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from annotation.importing.platforms.label_studio import author_of
from annotation.importing.platforms.table import parts
from annotation.importing.records import Refused
from annotation.importing.spoken import Context, Platform, Questions, Said, Spoken, TakeApart
from annotation.importing.suggesting import plain, question_name

_OWN = ("annotation_id", "annotator", "created_at", "updated_at", "lead_time", "id")
_ASIDE = frozenset({*_OWN, "agreement"})
_VALUES = ("choices", "rating", "number", "text", "datetime")


def _fits(rows: Sequence[dict[str, Any]]) -> bool:
    return all({"annotation_id", "annotator", "lead_time", "id"} <= row.keys() for row in rows)


def _roles(
    rows: Sequence[dict[str, Any]], questions: Questions, hints: Mapping[str, Any], eager: bool
) -> dict[str, str]:
    columns = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in _ASIDE]
    asked = {plain(name): name for name in questions}
    if asked:
        answers = {column: asked[plain(column)] for column in columns if plain(column) in asked}
        # Regions have no question yet, and belong to the answers all the same.
        answers |= {
            column: question_name(column) for column in _structured(rows, columns) if column not in answers
        }
    else:
        found = _behind_the_id(rows) or {*_structured(rows, columns), *_varying(rows, columns)}
        answers = {column: question_name(column) for column in columns if column in found}
    return {column: f"answer:{name}" for column, name in answers.items()}


def _behind_the_id(rows: Sequence[dict[str, Any]]) -> set[str]:
    """In JSON_MIN answers come between the task's number and the annotator."""
    found: set[str] = set()
    for row in rows:
        names = list(row)
        if names[-1] != "lead_time" or names.index("id") > names.index("annotator"):
            return set()
        found.update(names[names.index("id") + 1 : names.index("annotator")])
    return found


def _structured(rows: Sequence[dict[str, Any]], columns: list[str]) -> set[str]:
    return {column for column in columns for row in rows if isinstance(_opened(row.get(column)), list | dict)}


def _varying(rows: Sequence[dict[str, Any]], columns: list[str]) -> set[str]:
    """Columns that differ between rows of one task."""
    first: dict[Any, dict[str, Any]] = {}
    found: set[str] = set()
    for row in rows:
        other = first.setdefault(row["id"], row)
        found.update(column for column in columns if other.get(column) != row.get(column))
    return found


def _reader(context: Context) -> TakeApart:
    answers = {column: parts(role)[1] for column, role in context.roles.items() if parts(role)[0] == "answer"}

    def take_apart(row: dict[str, Any]) -> Spoken | Refused:
        values = {name: value for name, value in row.items() if name not in _ASIDE and name not in answers}
        given = {column: _opened(row[column]) for column in answers if row.get(column) not in (None, "")}
        regions = [one for column, value in given.items() for one in _regions(column, value)]
        said = {answers[column]: _whole(value) for column, value in given.items() if not _has_regions(value)}
        kept = {"from": "label_studio", "offsets": "utf-16", "regions": regions} if regions else None
        answer = Said(
            author_of(row.get("annotator")),
            said,
            str(row.get("annotation_id") or ""),
            created_at=row.get("created_at"),
            seconds=row.get("lead_time"),
            kept=kept,
            kept_types=tuple(one["type"] for one in regions),
        )
        key = "" if row.get("id") in (None, "") else str(row["id"])
        return Spoken(values, key, (answer,) if said or regions else ())

    return take_apart


def _opened(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _whole(value: Any) -> Any:
    """What an answer about the whole task says: [{"rating": 2}] says 2."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        return next((value[name] for name in _VALUES if name in value), value)
    return value


def _has_regions(value: Any) -> bool:
    return isinstance(value, list) and any(
        isinstance(one, dict) and not (len(one) == 1 and one.keys() & set(_VALUES)) for one in value
    )


def _regions(column: str, value: Any) -> Iterator[dict[str, Any]]:
    if _has_regions(value):
        for one in value:
            kind = next((name for name in one if name.endswith("labels")), "region")
            yield {"from_name": column, "type": kind, "value": one}


LABEL_STUDIO_ROWS = Platform(
    name="label_studio_rows",
    title="Label Studio (JSON_MIN, CSV, TSV)",
    fits=_fits,
    reader=_reader,
    roles=_roles,
    key="the number of the task in Label Studio",
)
