"""Label Studio's JSON: tasks with their data, annotations and predictions.

An annotation is a list of results, each of a control tag of the labeling interface (`from_name`). Those of tags that ask
about the whole task become answers; regions, and tags that are not known, are kept as they are. Offsets of text regions
count UTF-16 units there, as browsers do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotation.importing.platforms.offsets import faults_of_utf16
from annotation.importing.platforms.querent import CONSENSUS
from annotation.importing.records import Refused
from annotation.importing.spoken import Context, Guess, Platform, Said, Spoken, TakeApart

# Results about the whole task: the key of the value, and what kind of question it is.
_WHOLE = {
    "choices": "choice",
    "rating": "rating",
    "number": "number",
    "textarea": "text",
    "datetime": "text",
    "pairwise": "choice",
}
_KEYS = {"textarea": "text", "pairwise": "selected"}
# What shows that a result belongs to a part of the task.
_PLACES = frozenset({"start", "end", "x", "y", "points", "rle", "sequence", "startOffset", "ranges"})


def _fits(rows: Sequence[dict[str, Any]]) -> bool:
    tasks = [row for row in rows if isinstance(row.get("data"), dict)]
    marks = ("annotations", "predictions", "completions")
    # Most, not all: one broken task is refused by itself, and makes no plain table of the others.
    return len(tasks) * 2 > len(rows) and any(
        isinstance(row.get(mark), list) for row in tasks for mark in marks
    )


def _reader(context: Context) -> TakeApart:
    def take_apart(row: dict[str, Any]) -> Spoken | Refused:
        data = row.get("data")
        if not isinstance(data, dict):
            return Refused('A task has its values under "data", as an object.', "data")
        annotations = _objects(row.get("annotations") or row.get("completions"))
        amounts = [one for one in annotations if _is_consensus(row, one)]
        said = tuple(_said(one) for one in annotations if one not in amounts)
        notes = [
            note for one in annotations for note in faults_of_utf16(_regions(_results(one)), _texts(data))
        ]
        guesses = (*_guesses(row, annotations), *_consensus(row, amounts))
        drafts = ("drafts",) * len(_objects(row.get("drafts")))
        return Spoken(dict(data), _key(row), said, guesses, left_out=drafts, notes=tuple(notes))

    return take_apart


def _key(row: Mapping[str, Any]) -> str:
    """The number of the task; where it is our own export, the item's key."""
    meta = row.get("meta")
    ours = meta.get("key") if isinstance(meta, dict) and "item_id" in meta else None
    return str(ours or ("" if row.get("id") is None else row["id"]))


def _is_consensus(row: Mapping[str, Any], annotation: Mapping[str, Any]) -> bool:
    """Of our own snapshots: what the votes amounted to, unless somebody has made it theirs in Label Studio since."""
    meta = row.get("meta")
    ours = isinstance(meta, dict) and "item_id" in meta and isinstance(meta.get("status"), dict)
    return ours and not any(annotation.get(name) for name in ("completed_by", "annotator", "unique_id"))


def _consensus(row: Mapping[str, Any], amounts: Sequence[dict[str, Any]]) -> Iterator[Guess]:
    for one in amounts:
        for name, value in _values(_results(one)):
            status, sure = (row["meta"].get(told) or {} for told in ("status", "confidence"))
            yield Guess(name, value, CONSENSUS, str(status.get(name) or ""), sure.get(name))


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _results(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _objects(said.get("result"))


def _texts(data: Mapping[str, Any]) -> list[str]:
    return [value for value in data.values() if isinstance(value, str)]


def _said(annotation: dict[str, Any]) -> Said:
    results = _results(annotation)
    regions = _regions(results)
    skipped = bool(annotation.get("was_cancelled") or annotation.get("skipped"))
    marked = "truth" if annotation.get("ground_truth") or annotation.get("honeypot") else "answer"
    return Said(
        author=author_of(annotation.get("completed_by") or annotation.get("annotator")),
        values=dict(_values(results)),
        id=str(annotation.get("unique_id") or annotation.get("id") or ""),
        as_="skip" if skipped else marked,  # type: ignore[arg-type]
        created_at=annotation.get("created_at"),
        seconds=annotation.get("lead_time"),
        kept={"from": "label_studio", "offsets": "utf-16", "regions": regions} if regions else None,
        kept_types=tuple(str(one.get("type") or "unknown") for one in regions),
        # As our own exports say.
        origin="simulated" if annotation.get("origin") == "simulated" else "imported",
        counts=annotation.get("counts") is not False,
    )


def author_of(value: Any) -> str:
    """Whoever it was, by the most telling of an id, an e-mail address or an object of both."""
    if isinstance(value, Mapping):
        value = next((value[name] for name in ("email", "username", "id") if value.get(name)), "")
    return "" if value is None or isinstance(value, bool) else str(value).strip()


def _regions(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in results if not _is_whole(one)]


def _is_whole(result: Mapping[str, Any]) -> bool:
    """Whether a result says something about the whole task in a way that questions can hold."""
    kind, value = result.get("type"), result.get("value")
    if kind not in _WHOLE or not isinstance(value, dict) or _PLACES & value.keys():
        return False
    return not isinstance(result.get("item_index"), int) and isinstance(result.get("from_name"), str)


def _values(results: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for one in results:
        if _is_whole(one):
            kind = one["type"]
            yield one["from_name"], one["value"].get(_KEYS.get(kind, kind))


def _guesses(row: Mapping[str, Any], annotations: Sequence[Mapping[str, Any]]) -> Iterator[Guess]:
    """The task's predictions; where it only has their numbers, those that annotators started from."""
    there = _objects(row.get("predictions"))
    seen = {one.get("id") for one in there}
    for annotation in annotations:
        started = annotation.get("prediction")
        if isinstance(started, dict) and started.get("result") and started.get("id") not in seen:
            seen.add(started.get("id"))
            there.append(started)
    for prediction in there:
        for name, value in _values(_results(prediction)):
            version = str(prediction.get("model_version") or "")
            yield Guess(name, value, "label_studio", version, prediction.get("score"))


def _kinds(row: dict[str, Any]) -> dict[str, str]:
    said = [*_objects(row.get("annotations")), *_objects(row.get("predictions"))]
    results = [one for annotation in said for one in _results(annotation) if _is_whole(one)]
    return {one["from_name"]: _WHOLE[one["type"]] for one in results}


LABEL_STUDIO = Platform(
    name="label_studio",
    title="Label Studio",
    fits=_fits,
    reader=_reader,
    kinds=_kinds,
    key="the number of the task in Label Studio",
)
