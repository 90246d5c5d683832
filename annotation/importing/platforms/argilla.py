"""Argilla's records, as its datasets are exported: flat (`label.responses`, `label.suggestion`), as JSON, and those of 1.x.

Responses of one person to all questions of a record are one answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from annotation.importing.records import Refused
from annotation.importing.spoken import Context, Guess, Platform, Said, Spoken, TakeApart

_ASIDE = frozenset({"id", "status", "_server_id", "inserted_at", "updated_at"})
_PARTS = (
    ".responses",
    ".responses.users",
    ".responses.status",
    ".suggestion",
    ".suggestion.score",
    ".suggestion.agent",
)


def _fits(rows: Sequence[dict[str, Any]]) -> bool:
    return all(_is_flat(row) or _is_nested(row) for row in rows)


def _is_flat(row: Mapping[str, Any]) -> bool:
    return any(name.endswith((".responses", ".suggestion.agent")) for name in row)


def _is_nested(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("fields"), dict) and (
        isinstance(row.get("responses"), dict) or isinstance(row.get("suggestions"), dict)
    )


@dataclass
class Responses:
    """What people said of one record, collected question by question."""

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)

    def add(self, question: str, value: Any, user: Any, status: Any) -> None:
        author = "" if user in (None, "None") else str(user)
        self.values.setdefault(author, {})
        self.status[author] = str(status or "submitted")
        if isinstance(value, list) and any(isinstance(one, dict) for one in value):
            # Spans and rankings.
            kind = "span" if any("start" in one for one in value if isinstance(one, dict)) else "ranking"
            regions = [{"question": question, "type": kind, **one} for one in value if isinstance(one, dict)]
            self.kept.setdefault(author, []).extend(regions)
        elif value is not None:
            self.values[author][question] = value

    def said(self) -> Iterator[Said]:
        for author, values in self.values.items():
            regions = self.kept.get(author, [])
            kept = {"from": "argilla", "offsets": "code point", "regions": regions} if regions else None
            if self.status[author] == "discarded":
                yield Said(author, {}, as_="skip")
            elif self.status[author] != "draft" and (values or regions):
                yield Said(author, values, kept=kept, kept_types=tuple(one["type"] for one in regions))

    def drafts(self) -> tuple[str, ...]:
        return tuple("drafts" for status in self.status.values() if status == "draft")


def _reader(context: Context) -> TakeApart:
    return lambda row: _nested(row) if _is_nested(row) else _flat(row)


def _nested(row: dict[str, Any]) -> Spoken | Refused:
    responses = Responses()
    for question, given in (row.get("responses") or {}).items():
        for one in given or ():
            responses.add(question, one.get("value"), one.get("user_id"), one.get("status"))
    guesses = tuple(
        guess(question, one.get("value"), one.get("agent"), one.get("score"))
        for question, one in (row.get("suggestions") or {}).items()
        if one
    )
    values = {**(row.get("metadata") or {}), **row["fields"]}
    return _spoken(row, values, responses, guesses)


def _flat(row: dict[str, Any]) -> Spoken | Refused:
    questions = {
        name.rpartition(part)[0]
        for part in (".responses", ".suggestion")
        for name in row
        if name.endswith(part)
    }
    responses = Responses()
    guesses = []
    for question in sorted(questions):
        given, users, statuses = (row.get(question + part) or [] for part in _PARTS[:3])
        for place, value in enumerate(given):
            responses.add(question, value, _at(users, place), _at(statuses, place))
        value, score, agent = (row.get(question + part) for part in _PARTS[3:])
        if value is not None:
            guesses.append(guess(question, value, agent, score))
    own = {question + part for question in questions for part in _PARTS} | _ASIDE
    values = {name: value for name, value in row.items() if name not in own and not is_vector(value)}
    return _spoken(row, values, responses, tuple(guesses))


def _spoken(
    row: Mapping[str, Any], values: dict[str, Any], responses: Responses, guesses: tuple[Guess, ...]
) -> Spoken:
    key = "" if row.get("id") in (None, "") else str(row["id"])
    return Spoken(values, key, tuple(responses.said()), guesses, left_out=responses.drafts())


def guess(question: str, value: Any, agent: Any, score: Any) -> Guess:
    return Guess(question, value, str(agent or "argilla"), "", score)


def is_vector(value: Any) -> bool:
    """Many numbers, which nobody reads."""
    return isinstance(value, list) and len(value) > 16 and all(isinstance(one, float) for one in value)


def _at(values: Any, place: int) -> Any:
    return values[place] if isinstance(values, list) and place < len(values) else None


def opened(value: Any) -> Any:
    """Metadata of 1.x, which is JSON in a text."""
    try:
        return orjson.loads(value) if isinstance(value, str) and value else value or {}
    except orjson.JSONDecodeError:
        return {}


ARGILLA = Platform(
    name="argilla",
    title="Argilla",
    fits=_fits,
    reader=_reader,
    key="the record's id in Argilla",
)
