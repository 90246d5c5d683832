"""doccano's JSON Lines: a text with its labels, or with spans, which count code points.

The file does not say who labeled, but an export of several people is a zip with a file for each, called by their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotation.importing.datafiles import PART
from annotation.importing.records import Refused
from annotation.importing.spoken import Context, Platform, Said, Spoken, TakeApart

QUESTION = "label"
_SAID = ("label", "labels", "cats", "entities", "relations", "annotations")
_ASIDE = frozenset({*_SAID, "id", "Comments", "comments", "annotation_approver", PART})
_MARKS = ("Comments", "annotation_approver")
# Names of files that stand for nobody.
_NOBODY = {"", "all", "unknown"}


def _fits(rows: Sequence[dict[str, Any]]) -> bool:
    return all(any(name in row for name in _SAID) and _has_text(row) for row in rows) and any(
        any(mark in row for mark in _MARKS) or any(True for _ in _spans(row)) for row in rows
    )


def _has_text(row: Mapping[str, Any]) -> bool:
    return any(isinstance(row.get(name), str) for name in ("text", "data", "filename"))


def _reader(context: Context) -> TakeApart:
    def take_apart(row: dict[str, Any]) -> Spoken | Refused:
        values = {name: value for name, value in row.items() if name not in _ASIDE}
        key = "" if row.get("id") in (None, "") else str(row["id"])
        author = str(row.get(PART) or "")
        said = tuple(_said(row, "" if author in _NOBODY else author))
        return Spoken(values, key, said, comments=tuple(_comments(row)))

    return take_apart


def _said(row: Mapping[str, Any], author: str) -> Iterator[Said]:
    yield from _by_user(row)
    labels = [
        one
        for name in ("label", "labels", "cats")
        for one in _list(row.get(name))
        if not isinstance(one, list | dict)
    ]
    regions = list(_spans(row))
    relations = _list(row.get("relations"))
    if not labels and not regions:
        return
    kept = (
        {"from": "doccano", "offsets": "code point", "regions": regions, "relations": relations}
        if regions
        else None
    )
    types = ("span",) * len(regions) + ("relation",) * len(relations)
    yield Said(
        author,
        {QUESTION: [str(one) for one in labels]} if labels else {},
        kept=kept,
        kept_types=types if kept else (),
    )


def _by_user(row: Mapping[str, Any]) -> Iterator[Said]:
    """Earlier versions name labels and people by their numbers."""
    by: dict[str, list[str]] = {}
    for one in _list(row.get("annotations")):
        if isinstance(one, dict) and "label" in one:
            by.setdefault(str(one.get("user") or ""), []).append(str(one["label"]))
    for user, labels in by.items():
        yield Said(user, {QUESTION: labels})


def _spans(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in ("label", "labels", "entities"):
        for one in _list(row.get(name)):
            if isinstance(one, list) and len(one) == 3:
                yield {"type": "span", "start_offset": one[0], "end_offset": one[1], "label": one[2]}
            elif isinstance(one, dict) and "start_offset" in one:
                yield {"type": "span", **one}


def _comments(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in [*_list(row.get("Comments")), *_list(row.get("comments"))]:
        if isinstance(one, dict):
            yield str(one.get("username") or one.get("user") or ""), str(one.get("text") or "")
        else:
            yield "", str(one)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


DOCCANO = Platform(
    name="doccano",
    title="doccano",
    fits=_fits,
    reader=_reader,
    kinds=lambda row: {QUESTION: "choice"},
    key="the number of the text in doccano",
)
