"""Our own exports and snapshots: a row for each answer, or for each item with its answers or its consensus.

JSON lines have the payload and the answer as objects; CSV and Parquet have them as JSON, and beside that in columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from annotation.importing.joined import unjoined
from annotation.importing.records import Refused
from annotation.importing.spoken import Context, Guess, Platform, Said, Spoken, TakeApart

_ITEM = {"item_id", "key", "dataset", "state"}
CONSENSUS = "consensus"
_NOTHING = (None, "")


def _fits(rows: Sequence[dict[str, Any]]) -> bool:
    return all(row.keys() >= _ITEM and (_has_answer(row) or _has_consensus(row)) for row in rows)


def _has_answer(row: Mapping[str, Any]) -> bool:
    return {"annotation_id", "annotator"} <= row.keys() or "annotations" in row


def _has_consensus(row: Mapping[str, Any]) -> bool:
    return "annotators" in row and ("consensus" in row or any(name.startswith("consensus.") for name in row))


def _reader(context: Context) -> TakeApart:
    return _take_apart


def _take_apart(row: dict[str, Any]) -> Spoken | Refused:
    payload = _payload(row)
    if not isinstance(payload, dict):
        return Refused("The payload is an object.", "payload")
    annotations = (
        _object(row["annotations"])
        if row.get("annotations")
        else [row]
        if row.get("annotation_id") not in _NOTHING
        else []
    )
    said = tuple(_said(one) for one in annotations)
    guesses = () if said else tuple(_guesses(row))
    retired = row.get("state") == "retired"
    return Spoken(
        payload, str(row.get("key") or ""), said, guesses, tags=tuple(_tags(row.get("tags"))), retired=retired
    )


def _tags(value: Any) -> Iterator[str]:
    """A list, as JSON or as one cell."""
    names = unjoined(value) if isinstance(value, str) else value or ()
    yield from (str(name) for name in names if name)


def _payload(row: Mapping[str, Any]) -> Any:
    if row.get("payload") not in (None, ""):
        return _object(row["payload"])
    start = len("payload.")
    return {
        name[start:]: value
        for name, value in row.items()
        if name.startswith("payload.") and value not in (None, "")
    }


def _said(row: Mapping[str, Any]) -> Said:
    kept = _object(row.get("kept"))
    if lacking := row.get("lacking"):
        # An answer to earlier questions that does not say all that is asked now.
        told = {"given": _object(row.get("given")), "lacking": lacking}
        kept = {**(kept or {"from": "querent"}), **told}
    regions = (kept or {}).get("regions")
    return Said(
        author=str(row.get("annotator") or ""),
        values=dict(_answer(row)),
        id="" if row.get("annotation_id") is None else str(row["annotation_id"]),
        created_at=row.get("created_at"),
        seconds=row.get("seconds"),
        kept=kept,
        kept_types=tuple(str(one.get("type") or "unknown") for one in regions or ()),
        # Never take what was simulated for something that anybody said.
        origin="simulated" if row.get("origin") == "simulated" else "imported",
        counts=_truth(row.get("counts")) is not False,
        suggested=_object(row.get("suggested")),
        followed=_truth(row.get("followed")),
    )


def _answer(row: Mapping[str, Any]) -> dict[str, Any]:
    if row.get("answer") not in (None, ""):
        return dict(_object(row["answer"]))
    start = len("answer.")
    return {
        name[start:]: value
        for name, value in row.items()
        if name.startswith("answer.") and value not in (None, "")
    }


def _guesses(row: Mapping[str, Any]) -> Iterator[Guess]:
    """The consensus of an item, as what a model said of it."""
    told = _object(row.get("consensus")) or dict(_columns(row))
    for question, one in told.items():
        if one.get("value") not in (None, ""):
            version = str(one.get("run") or one.get("method") or one.get("status") or "")
            shares = {
                label: share
                for label, share in (_object(one.get("probabilities")) or {}).items()
                if share is not None
            }
            yield Guess(question, one["value"], CONSENSUS, version, one.get("confidence"), shares)


def _columns(row: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in row:
        if name.startswith("consensus."):
            question = name[len("consensus.") :]
            others = ("confidence", "status", "method", "run", "probabilities")
            yield (
                question,
                {"value": row[name], **{other: row.get(f"{other}.{question}") for other in others}},
            )


def _object(value: Any) -> Any:
    """JSON, as it is or as text; None for nothing."""
    if isinstance(value, str):
        return orjson.loads(value) if value else None
    return value


def _truth(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else value


QUERENT = Platform(
    name="querent",
    title="Querent",
    fits=_fits,
    reader=_reader,
    key="the item's key in the project it comes from",
)
