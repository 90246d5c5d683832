"""Prodigy's JSON Lines: a task with the options that somebody accepted, or with a label that they accepted or not.

Spans count code points. The same input comes once for each person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from annotation.importing.records import Refused
from annotation.importing.spoken import Context, Guess, Platform, Said, Spoken, TakeApart

QUESTION = "label"
_REGIONS = ("spans", "relations", "image_spans", "audio_spans")
# What the program adds to a task; the rest is the item's.
_ASIDE = frozenset(
    {
        "answer",
        "accept",
        "label",
        "options",
        "tokens",
        "score",
        "priority",
        "user_input",
        "config",
        "versions",
        *_REGIONS,
    }
)
_OF_RUN = {"score", "pattern"}


def _fits(rows: Sequence[dict[str, Any]]) -> bool:
    return all(
        row.get("answer") in {"accept", "reject", "ignore"} and ("_task_hash" in row or "_input_hash" in row)
        for row in rows
    )


def _reader(context: Context) -> TakeApart:
    def take_apart(row: dict[str, Any]) -> Spoken | Refused:
        values = {
            name: value
            for name, value in row.items()
            if name not in _ASIDE and not name.startswith("_") and name != "meta"
        }
        meta = row.get("meta")
        if isinstance(meta, dict) and (
            own := {name: one for name, one in meta.items() if name not in _OF_RUN}
        ):
            values["meta"] = own
        said, left_out = _said(row)
        key = "" if row.get("_input_hash") is None else str(row["_input_hash"])
        return Spoken(values, key, (said,) if said else (), _guesses(row), left_out=left_out)

    return take_apart


def _said(row: Mapping[str, Any]) -> tuple[Said | None, tuple[str, ...]]:
    """The answer; none where something was rejected, as that says only what is not so."""
    author = str(row.get("_annotator_id") or row.get("_session_id") or "")
    own, at = str(row.get("_task_hash") or ""), row.get("_timestamp")
    if row.get("answer") == "ignore":
        return Said(author, {}, own, "skip", at), ()
    if row.get("answer") == "reject":
        return None, ("rejected",)
    values: dict[str, Any] = {}
    if isinstance(row.get("accept"), list):
        values[QUESTION] = [str(one) for one in row["accept"]]
    elif row.get("label"):
        values[QUESTION] = str(row["label"])
    if row.get("user_input"):
        values["user_input"] = str(row["user_input"])
    found = {name: row[name] for name in _REGIONS if row.get(name)}
    regions = [{"type": name.removesuffix("s"), **one} for name, many in found.items() for one in many]
    kept = {"from": "prodigy", "offsets": "code point", "regions": regions} if regions else None
    return Said(
        author, values, own, "answer", at, kept=kept, kept_types=tuple(one["type"] for one in regions)
    ), ()


def _guesses(row: Mapping[str, Any]) -> tuple[Guess, ...]:
    """The model's own score of the label that was asked about."""
    score = row.get("score")
    if not row.get("label") or not isinstance(score, int | float) or isinstance(row.get("accept"), list):
        return ()
    return (Guess(QUESTION, str(row["label"]), "prodigy", "", score),)


def _kinds(row: Mapping[str, Any]) -> dict[str, str]:
    style = (row.get("config") or {}).get("choice_style") if isinstance(row.get("config"), dict) else ""
    return {QUESTION: "choices" if style == "multiple" else "choice", "user_input": "text"}


PRODIGY = Platform(
    name="prodigy",
    title="Prodigy",
    fits=_fits,
    reader=_reader,
    kinds=_kinds,
    key="the hash that Prodigy gives the input",
)
