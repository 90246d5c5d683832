"""Label Studio's JSON: one list of tasks with their annotations, as its import takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import dropwhile, groupby
from typing import Any

import orjson

from annotation.formats.base import Format, Manifest, Mark, Piece, first_group
from annotation.formats.label_studio_results import predictions_of, results_of
from annotation.formats.layout import Layout
from annotation.formats.master import Master

Row = dict[str, Any]
# What is said of a task beside its data; Label Studio keeps it and shows it to nobody.
META = ("item_id", "key", "dataset", "state", "split")
READ = ("consensus", "confidence", "status", "answer")
UNREAD = ("schema_version", "revisions", "followed", "answer", "given", "lacking", "kept")
BLOCK = 256 * 1024


def _write(master: Master, manifest: Manifest, marks: Sequence[Mark]) -> Iterator[Piece]:
    """A task belongs to the row group in which its first row is, and so a mark stands before the first task of a group."""
    task = _of_consensus if master.layout.rows == "consensus" else _of_answers
    following = first_group(marks)
    told = [] if marks else [b"["]
    separator = b",\n" if following else b"\n"
    for group, rows in _items(master, following):
        while following <= group:
            yield b"".join(told)
            yield Mark(following)
            told, following = [], following + 1
        told += (separator, orjson.dumps(task(master.layout, rows)))
        separator = b",\n"
        if sum(map(len, told)) >= BLOCK:
            yield b"".join(told)
            told = []
    yield b"".join(told) + b"\n]\n"


def _items(master: Master, first: int) -> Iterator[tuple[int, list[Row]]]:
    """The rows of each item that begins in this row group or later, with the row group in which it begins."""
    before = master.last(first - 1, "item_id") if first else None
    columns = [column.name for column in master.layout.columns if _is_read(column.name)]
    rows = (
        (group, row)
        for group in range(first, master.groups)
        for batch in master.batches(group, columns)
        for row in batch.to_pylist()
    )
    rest = dropwhile(lambda pair: pair[1]["item_id"] == before, rows)
    for _, run in groupby(rest, key=lambda pair: pair[1]["item_id"]):
        found = list(run)
        yield found[0][0], [row for _, row in found]


def _is_read(column: str) -> bool:
    """The rest is not carried; making Python objects of it would be most of the work."""
    kind, _, of = column.partition(".")
    return kind in READ if of else column not in UNREAD


def _of_consensus(layout: Layout, rows: list[Row]) -> Row:
    """What the votes amount to is one annotation by nobody."""
    row = rows[0]
    names = [question["name"] for question in layout.questions if row[f"status.{question['name']}"]]
    results = results_of(layout, {name: row[f"consensus.{name}"] for name in names})
    decided = all(row[f"status.{name}"] in {"adjudicated", "known"} for name in names)
    made = [{"result": results, "was_cancelled": False, "ground_truth": decided}] if results else []
    meta = {
        "tags": row["tags"],
        "annotators": row["annotators"],
        "confidence": {name: row[f"confidence.{name}"] for name in names},
        "status": {name: row[f"status.{name}"] for name in names},
    }
    return _task(row, made, [], meta)


def _of_answers(layout: Layout, rows: list[Row]) -> Row:
    return _task(rows[0], [_annotation(layout, row) for row in rows], predictions_of(layout, rows), {})


def _annotation(layout: Layout, row: Row) -> Row:
    answer = {question["name"]: row[f"answer.{question['name']}"] for question in layout.questions}
    return {
        "id": row["annotation_id"],
        "result": results_of(layout, answer),
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": row["created_at"],
        "lead_time": row["seconds"],
        # Not `completed_by`: Label Studio refuses a file that names somebody whom it does not know.
        "annotator": row["annotator"],
        "origin": row["origin"],
        "counts": row["counts"],
    }


def _task(row: Row, annotations: list[Row], predictions: list[Row], more: Row) -> Row:
    return {
        "id": row["item_id"],
        "data": orjson.Fragment(row["payload"]),
        "meta": {**{name: row[name] for name in META if name in row}, **more},
        "annotations": annotations,
        "predictions": predictions,
    }


def _lacking(layout: Layout) -> list[str]:
    said = ["Ratings whose scale does not begin at 1 are numbers there."]
    if layout.probable:
        said.append("What labeling functions say.")
    if layout.rows == "consensus":
        return [
            *said,
            "Probabilities, methods and counts of votes. Confidence and status are in meta, which is kept but not shown.",
        ]
    return [
        *said,
        "Who answered: the file has the names as annotator, but Label Studio takes all answers for those of whoever imports them.",
        "Answers word for word as they were given under older questions.",
    ]


LABEL_STUDIO = Format(
    name="label_studio",
    title="Label Studio",
    about="JSON for the import of Label Studio; its labeling config is the file beside it.",
    ending="json",
    content_type="application/json",
    lacking=_lacking,
    write=_write,
    edition=2,
    broken=b'\n"!! THE FILE BROKE OFF HERE. Download it again.\n',
)
