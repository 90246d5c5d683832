"""The job that compares two snapshots of a project."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pyarrow as pa
from django.db import transaction

from annotation.errors import Conflict
from annotation.formats import functions_told
from annotation.formats.layout import Layout, values
from annotation.formats.master import Master
from annotation.models import Comparison, Schema, Snapshot
from annotation.readings import readings_under
from annotation.services import jobs, stored
from annotation.snapshots.differing import Changes, Column
from annotation.snapshots.merging import Side, matched, windows

Fields = dict[str, Any]


def run(*, comparison_id: int) -> bool:
    """Compare two snapshots; False when there is nothing to do. Safe to run twice."""
    return jobs.run(Comparison, comparison_id, _work)


def _work(comparison: Comparison, beat: jobs.Beat) -> None:
    old, new = comparison.old, comparison.new
    for snapshot in (old, new):
        if snapshot.state != Snapshot.State.DONE:
            raise Conflict(f"Snapshot {snapshot.number} is not made yet.")
    beat(done=0, total=old.row_count + new.row_count)
    with (
        stored.opened(str(old.file.name)) as first,
        stored.opened(str(new.file.name)) as second,
        closing(Master(first)) as one,
        closing(Master(second)) as other,
    ):
        result = _compared(comparison, one, other, beat)
    with transaction.atomic():
        jobs.finished(comparison, result=result)


def _compared(comparison: Comparison, old: Master, new: Master, beat: jobs.Beat) -> dict[str, Any]:
    questions = dict(_questions(comparison, old.layout, new.layout))
    moved = Column("split", "split", listed=True) if old.layout.parts and new.layout.parts else None
    changes = Changes()
    compared = [*questions.values(), *([moved] if moved else [])]
    sides = [
        Side(master, _columns(master.layout, [getattr(one, side) for one in compared]))
        for master, side in ((old, "old"), (new, "new"))
    ]
    for before, after in windows(*sides):
        rows = matched(_some(before, after, old.layout), _some(after, before, new.layout))
        changes.add(rows)
        for one in compared:
            one.add(rows)
        beat(done=changes.rows["old"] + changes.rows["new"])
    return {
        **changes.as_json(),
        "schema": {"old": _version(comparison.old), "new": _version(comparison.new)},
        "questions": {name: one.as_json() for name, one in questions.items()},
        "only": _only(old.layout, new.layout, questions),
        "moved": moved.as_json() if moved else None,
        "functions": functions_told.difference(comparison.old.manifest, comparison.new.manifest),
    }


def _columns(layout: Layout, compared: list[str]) -> list[str]:
    people = ["annotator"] if layout.rows == "annotations" else []
    return ["item_id", "key", *people, "payload", *compared]


def _some(rows: pa.Table | None, others: pa.Table | None, layout: Layout) -> pa.Table:
    """These rows, or none with the same columns."""
    if rows is not None:
        return rows
    assert others is not None, "there is no window without rows"
    return layout.arrow().empty_table()


def _questions(comparison: Comparison, old: Layout, new: Layout) -> Iterator[tuple[str, Column]]:
    """The questions of the new one that continue one of the old one, as columns that may be compared."""
    said = "consensus" if new.rows == "consensus" else "answer"
    before = {question["name"]: question for question in old.questions}
    called, read = _reading(comparison)
    for question in new.questions:
        name = question["name"]
        was = before.get(called(name))
        if was is not None and was["type"] == question["type"]:
            reader = None if question.get("show_when") else read(was["name"], name)
            yield (
                name,
                Column(f"{said}.{was['name']}", f"{said}.{name}", listed=bool(values(question)), read=reader),
            )


def _reading(comparison: Comparison) -> tuple[Callable[[str], str], Callable[[str, str], Any]]:
    """How questions and labels of the old snapshot are called in the new one, if that has later questions."""
    versions = [_version(one) for one in (comparison.old, comparison.new)]
    same: Callable[[str], str] = lambda name: name  # noqa: E731
    if not all(versions) or versions[0] >= versions[1]:
        return same, lambda was, name: None
    ids = dict(
        Schema.objects.filter(project=comparison.new.project_id, version__in=versions).values_list(
            "version", "pk"
        )
    )
    readings, older = readings_under(ids[versions[1]]), ids[versions[0]]

    def called(name: str) -> str:
        return dict(readings.answering(name)).get(older, "")

    def read(was: str, name: str) -> Callable[[Any], Any]:
        return lambda value: readings.read(older, {was: value})[0].get(name)

    return called, read


def _version(snapshot: Snapshot) -> int:
    return int((snapshot.manifest.get("schema") or {}).get("version", 0))


def _only(old: Layout, new: Layout, questions: dict[str, Column]) -> dict[str, list[str]]:
    """The questions of one that the other does not continue."""
    continued = {one.old.partition(".")[2] for one in questions.values()}
    return {
        "old": [one["name"] for one in old.questions if one["name"] not in continued],
        "new": [one["name"] for one in new.questions if one["name"] not in questions],
    }
