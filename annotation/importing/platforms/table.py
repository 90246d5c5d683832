"""Plain rows: columns are the item's fields, and others what people or models said of it, as roles tell.

A role is `answer:<question>` (by whoever the author's column names), `answer:<question>@<name>` (by this person),
`prediction:<question>`, `score:<question>`, or one of ROLES.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotation.importing.records import Refused
from annotation.importing.spoken import Context, Guess, Platform, Said, Spoken, TakeApart
from annotation.importing.suggesting import roles as suggested_roles

# What a column may be about all answers of its row, or all predictions.
ROLES = {
    "author": "Who answered",
    "time": "When it was answered",
    "seconds": "How many seconds it took",
    "answer_id": "The number of the answer",
    "source": "Which model predicted",
    "version": "Which version of the model",
}
SAYS = ("answer", "prediction", "score")
_NOTHING = (None, "")


def parts(role: str) -> tuple[str, str, str]:
    """(what, question, by whom) of a role; (role, "", "") for those without a question."""
    what, _, rest = role.partition(":")
    question, _, name = rest.partition("@")
    return what, question, name


def _reader(context: Context) -> TakeApart:
    roles = dict(context.roles)
    columns = {role: column for column, role in roles.items()}
    answers = [(column, *parts(role)[1:]) for column, role in roles.items() if parts(role)[0] == "answer"]
    guesses = [(column, parts(role)[1]) for column, role in roles.items() if parts(role)[0] == "prediction"]

    def take_apart(row: dict[str, Any]) -> Spoken | Refused:
        values = {column: value for column, value in row.items() if column not in roles}
        get = _getter(row, columns)
        return Spoken(
            values, "", tuple(_answers(row, answers, get)), tuple(_guesses(row, guesses, columns, get))
        )

    return take_apart if roles else lambda row: Spoken(row)


def _getter(row: Mapping[str, Any], columns: Mapping[str, str]) -> Any:
    return lambda role: row.get(columns[role]) if role in columns else None


def _answers(row: Mapping[str, Any], answers: list[tuple[str, str, str]], get: Any) -> list[Said]:
    """One answer for each person whom the row or a role names."""
    whose = get("author")
    by: dict[str, dict[str, Any]] = {}
    for column, question, name in answers:
        if row.get(column) not in _NOTHING:
            author = name or ("" if whose in _NOTHING else str(whose).strip())
            by.setdefault(author, {})[question] = row[column]
    own = "" if get("answer_id") in _NOTHING else str(get("answer_id"))
    return [
        Said(author, values, own, created_at=get("time"), seconds=get("seconds"))
        for author, values in by.items()
    ]


def _guesses(
    row: Mapping[str, Any], guesses: list[tuple[str, str]], columns: Mapping[str, str], get: Any
) -> list[Guess]:
    source, version = str(get("source") or "imported"), str(get("version") or "")
    return [
        Guess(question, row[column], source, version, row.get(columns.get(f"score:{question}", "")))
        for column, question in guesses
        if row.get(column) not in _NOTHING
    ]


TABLE = Platform(
    name="table",
    title="Rows and columns",
    fits=lambda rows: True,
    reader=_reader,
    roles=suggested_roles,
)
