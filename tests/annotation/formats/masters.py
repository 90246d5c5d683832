"""Masters for tests of formats: a layout with everything in it, and rows that make trouble."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from annotation.formats.base import Format, Mark
from annotation.formats.layout import Layout, values
from annotation.formats.master import Master
from annotation.questions import normalize_questions

LABELS = ["plain", "a,b", '"', "a|b\\", "=SUM(1)", "ünï 🦊", "- x", "yes", "null", "1"]
QUESTIONS = normalize_questions(
    [
        {"name": "topic", "type": "single_choice", "labels": [{"value": label} for label in LABELS]},
        {
            "name": "marks",
            "type": "multiple_choice",
            "required": False,
            "labels": [{"value": label} for label in LABELS],
        },
        {"name": "stars", "type": "rating", "required": False},
        {"name": "size", "type": "number", "required": False},
        {"name": "note", "type": "text", "required": False},
    ]
)
FIELDS = [
    {"name": "text", "type": "text", "title": "Text"},
    {"name": "length", "type": "number", "title": "Length"},
    {"name": "source", "type": "hidden", "title": "Source"},
]
TEXTS = [
    "plain",
    "",
    'a "quoted" one, with commas',
    "two\nlines",
    "three\r\nof\rthem",
    "=HYPERLINK(1)",
    "\t tab",
    "astral 🦊 and combining e\u0301",
    "control \x01\x1f\x7f\u2028",
    "back\\slash | bar",
    "+1",
]
BEGIN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def layout(rows: str = "consensus", **changes: Any) -> Layout:
    made = {"fields": FIELDS, "questions": QUESTIONS, "parts": ("train", "test")}
    made |= {"probabilities": True, "probable": True}
    return Layout.of(rows=rows, **{**made, **changes})


def consensus_row(number: int, layout: Layout) -> dict[str, Any]:
    """The `number`th row, as the columns have it; every third one has no consensus."""
    row = _item(number, layout)
    there = number % 3 != 2
    for question in layout.questions:
        name = question["name"]
        row |= {
            f"consensus.{name}": value(question, number) if there else None,
            f"confidence.{name}": 0.5 + number % 5 / 10 if there else None,
            f"status.{name}": "auto" if there else None,
            f"method.{name}": "majority" if there else None,
            f"votes.{name}": 2 if there else None,
            f"run.{name}": None,
            f"sources.{name}": {"person": 2, "simulated": 0, "imported": number % 2},
        }
        if layout.probabilities and (labels := values(question)):
            row[f"probabilities.{name}"] = {labels[0]: 0.75, labels[-1]: 0.25} if there else None
    for name, labels in layout.judged:
        # Of items without a consensus, too; nothing of every fourth.
        row[f"probable.{name}"] = {labels[0]: 0.25, labels[-1]: 0.75} if number % 4 != 1 else None
    return row | {"tags": ["x", "y|z"][: number % 3], "annotators": ["anna", "bert"] if there else []}


def annotation_row(number: int, layout: Layout) -> dict[str, Any]:
    """Two answers for each item."""
    answer = {q["name"]: value(q, number) for q in layout.questions}
    old = number % 4 == 3
    suggested = {"topic": {"value": LABELS[0], "confidence": 0.9, "source": "model", "version": "v1"}}
    return {
        **_item(number // 2, layout),
        "annotation_id": number + 1,
        "annotator": f"person{number % 2}",
        "origin": "person",
        "schema_version": 2 - old,
        "seconds": number / 4 if number % 5 else None,
        "created_at": BEGIN + timedelta(seconds=number),
        "revisions": number % 2,
        "counts": number % 7 != 0,
        "suggested": json.dumps(suggested) if number % 2 else None,
        "followed": bool(number % 4) if number % 2 else None,
        **{f"answer.{name}": said for name, said in answer.items()},
        "answer": orjson.dumps(answer).decode(),
        "given": '{"old": "yes"}' if old else None,
        "lacking": ["topic"] if old else None,
        "kept": '[{"type": "relation"}]' if number % 9 == 0 else None,
    }


def _item(number: int, layout: Layout) -> dict[str, Any]:
    text = TEXTS[number % len(TEXTS)]
    payload = {"text": text, "length": len(text), "source": f"s{number % 2}", "more": {"n": [number]}}
    if number % 10 == 9:
        payload |= {"text": 7, "length": "long"}
    row: dict[str, Any] = {
        "item_id": 100 + number,
        "key": f"k{number} {text}"[:40],
        "dataset": None if number % 5 == 4 else 'first, "of" many',
        "state": "resolved",
        "payload": json.dumps(payload),
    }
    if layout.parts:
        row["split"] = layout.parts[number % 4 % len(layout.parts)]
    for field in layout.shown:
        typed = (int, float) if field["type"] == "number" else str
        said = payload.get(field["name"])
        row[f"payload.{field['name']}"] = said if isinstance(said, typed) else None
    return row


def value(question: dict[str, Any], number: int) -> Any:
    labels = [label["value"] for label in question.get("labels", [])]
    match question["type"]:
        case "single_choice":
            return labels[number % len(labels)]
        case "multiple_choice":
            return [labels[(number + step) % len(labels)] for step in range(number % 3)]
        case "text":
            return TEXTS[number % len(TEXTS)] or None
        case "rating":
            return float(number % 5 + 1)
    return number / 8


def rows_of(layout: Layout, count: int) -> list[dict[str, Any]]:
    make = consensus_row if layout.rows == "consensus" else annotation_row
    return [make(number, layout) for number in range(count)]


def parquet(layout: Layout, rows: list[dict[str, Any]], group: int = 8) -> bytes:
    """The master of these rows, in row groups of so many."""
    sink = io.BytesIO()
    schema = layout.arrow()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, row_group_size=group, compression="zstd")
    return sink.getvalue()


def master(layout: Layout, count: int = 30, group: int = 8) -> Master:
    return Master(io.BytesIO(parquet(layout, rows_of(layout, count), group)))


def written(form: Format, opened: Master, manifest: dict[str, Any] | None = None, marks: Any = ()) -> bytes:
    """The whole of a format, or what comes behind the last of the marks."""
    return b"".join(piece for piece in form.write(opened, manifest or {}, marks) if isinstance(piece, bytes))


def cut(
    form: Format, opened: Master, manifest: dict[str, Any] | None = None
) -> tuple[bytes, list[tuple[int, Mark]]]:
    """The whole, and the marks with the place of each."""
    body, marks = b"", []
    for piece in form.write(opened, manifest or {}, ()):
        if isinstance(piece, Mark):
            marks.append((len(body), piece))
        else:
            body += piece
    return body, marks
