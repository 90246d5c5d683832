"""Argilla 1.x: feedback datasets on the Hugging Face hub, and records of text classification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotation.importing.platforms.argilla import Responses, guess, is_vector, opened
from annotation.importing.records import Refused
from annotation.importing.spoken import Context, Guess, Platform, Said, Spoken, TakeApart

QUESTION = "label"
_MARK = "-suggestion-metadata"
_RECORD = {"annotation", "prediction", "annotation_agent"}
_ASIDE = frozenset(
    {*_RECORD, "prediction_agent", "multi_label", "explanation", "id", "metadata", "status", "event_timestamp", "metrics",
     "vectors", "inputs", "search_keywords"}
)  # fmt: skip


def _fits(rows: Sequence[dict[str, Any]]) -> bool:
    return all(_is_record(row) or any(name.endswith(_MARK) for name in row) for row in rows)


def _is_record(row: Mapping[str, Any]) -> bool:
    return row.keys() >= _RECORD


def _reader(context: Context) -> TakeApart:
    return lambda row: _record(row) if _is_record(row) else _feedback(row)


def _feedback(row: dict[str, Any]) -> Spoken | Refused:
    questions = [name.removesuffix(_MARK) for name in row if name.endswith(_MARK)]
    responses = Responses()
    guesses = []
    for question in questions:
        for one in _rows(row.get(question)):
            responses.add(question, one.get("value"), one.get("user_id"), one.get("status"))
        value, meta = row.get(f"{question}-suggestion"), row.get(question + _MARK) or {}
        if value not in (None, []):
            guesses.append(guess(question, value, meta.get("agent"), meta.get("score")))
    own = {name for question in questions for name in (question, f"{question}-suggestion", question + _MARK)}
    own |= {"external_id", "metadata"}
    values = {name: value for name, value in row.items() if name not in own and not is_vector(value)}
    values = {**opened(row.get("metadata")), **values}
    key = str(row.get("external_id") or "")
    return Spoken(values, key, tuple(responses.said()), tuple(guesses), left_out=responses.drafts())


def _rows(value: Any) -> Iterator[dict[str, Any]]:
    """Responses, as a list of objects or as an object of lists."""
    if isinstance(value, dict):
        columns = {name: many for name, many in value.items() if isinstance(many, list)}
        count = max(map(len, columns.values()), default=0)
        for place in range(count):
            yield {name: many[place] for name, many in columns.items() if place < len(many)}
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def _record(row: dict[str, Any]) -> Spoken | Refused:
    inputs = row.get("inputs") if isinstance(row.get("inputs"), dict) else {}
    own = {name: value for name, value in row.items() if name not in _ASIDE and not is_vector(value)}
    values = {
        **opened(row.get("metadata")),
        **own,
        **{name: value for name, value in (inputs or {}).items() if value is not None},
    }
    author, at = str(row.get("annotation_agent") or ""), row.get("event_timestamp")
    said: tuple[Said, ...] = ()
    if row.get("status") == "Discarded":
        said = (Said(author, {}, as_="skip", created_at=at),)
    elif row.get("annotation") not in (None, "", []):
        said = (Said(author, {QUESTION: row["annotation"]}, created_at=at),)
    return Spoken(values, str(row.get("id") or ""), said, tuple(_predicted(row)))


def _predicted(row: Mapping[str, Any]) -> Iterator[Guess]:
    found = {
        str(one["label"]): one.get("score")
        for one in row.get("prediction") or ()
        if isinstance(one, dict) and one.get("label") is not None
    }
    if found:
        shares = {label: float(score) for label, score in found.items() if score is not None}
        label = max(found, key=lambda name: shares.get(name, 0.0))
        value: Any = (
            [name for name, share in shares.items() if share >= 0.5] if row.get("multi_label") else label
        )
        if value:
            yield Guess(
                QUESTION, value, str(row.get("prediction_agent") or "argilla"), "", found[label], shares
            )


def _kinds(row: Mapping[str, Any]) -> dict[str, str]:
    return {QUESTION: "choices" if row.get("multi_label") else "choice"} if _is_record(row) else {}


ARGILLA_1 = Platform(
    name="argilla_1",
    title="Argilla 1.x",
    fits=_fits,
    reader=_reader,
    kinds=_kinds,
    key="the record's id in Argilla",
)
