"""All formats: the same bytes each time, from any mark on, and without anything that is not a mark or bytes."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from annotation.formats import huggingface
from annotation.formats.jsonl import lines
from annotation.formats.master import Master
from annotation.formats.registry import FORMATS
from annotation.formats.shards import batches_of, chunked, part_names, shards_of
from annotation.questions import normalize_questions
from tests.annotation.formats.masters import QUESTIONS, cut, layout, master, parquet, rows_of, written

WRITTEN = [form for form in FORMATS.values() if form.write is not None]
SHAPES = [
    pytest.param(rows, parts, id=f"{rows}-{'split' if parts else 'whole'}")
    for rows in ("consensus", "annotations")
    for parts in (("train", "dev-1"), ())
]


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    monkeypatch.setattr(huggingface, "MOST_ROWS", 16)


@pytest.mark.parametrize("form", WRITTEN, ids=lambda form: form.name)
@pytest.mark.parametrize(("rows", "parts"), SHAPES)
def test_what_is_written_from_a_mark_on_is_the_rest_of_the_whole(form, rows, parts):
    opened = master(layout(rows, parts=parts), 30, 7)

    body, marks = cut(form, opened)

    assert body == written(form, opened)
    for number, (place, _) in enumerate(marks, start=1):
        assert written(form, opened, marks=[mark for _, mark in marks[:number]]) == body[place:]


@pytest.mark.parametrize("form", WRITTEN, ids=lambda form: form.name)
def test_marks_survive_being_kept_as_json(form):
    _, marks = cut(form, master(layout()))

    for _, mark in marks:
        assert json.loads(json.dumps(mark.note)) == mark.note


@pytest.mark.parametrize("form", WRITTEN, ids=lambda form: form.name)
@pytest.mark.parametrize("rows", ["consensus", "annotations"])
def test_no_rows_make_a_whole_file(form, rows):
    body = written(form, master(layout(rows), 0))

    match form.content_type:
        case "application/json":
            assert json.loads(body) == []
        case "application/zip":
            assert zipfile.ZipFile(io.BytesIO(body)).testzip() is None
        case "text/csv; charset=utf-8":
            assert len(list(csv.reader(io.StringIO(body.decode())))) == 1
        case "application/x-ndjson":
            assert body == b""


@pytest.mark.parametrize("form", WRITTEN, ids=lambda form: form.name)
def test_what_is_lacking_is_told_in_sentences(form):
    for rows in ("consensus", "annotations"):
        for sentence in form.lacking(layout(rows)):
            assert sentence.endswith(".")
            assert sentence[0].isupper()


def test_json_lines_are_the_canonical_rows():
    shape = layout()
    opened = master(shape, 30, 7)

    whole = lines(opened._parquet.read(), shape)

    assert written(FORMATS["jsonl"], opened) == whole


def test_questions_without_labels_and_with_77_of_them_go_through_every_format():
    many = normalize_questions(
        [{"name": "q", "type": "single_choice", "labels": [{"value": f'l"{n},|'} for n in range(77)]}]
    )
    for questions in (many, QUESTIONS[-1:]):
        opened = master(layout(questions=questions), 12)

        for form in WRITTEN:
            assert written(form, opened)


def test_every_row_is_in_json_lines():
    shape = layout("annotations")

    found = [json.loads(line) for line in written(FORMATS["jsonl"], master(shape, 25)).splitlines()]

    assert [row["annotation_id"] for row in found] == [row["annotation_id"] for row in rows_of(shape, 25)]


def test_parts_have_names_that_readers_and_file_systems_take():
    opened = master(layout(parts=("all", "Dev set", "dev-set", "🦊")), 1)

    names = part_names(opened)

    assert names == {"all": "all_2", "Dev set": "Dev_set", "dev-set": "dev_set_2", "🦊": "part", None: "none"}


def test_rows_that_are_in_no_part_are_not_lost():
    shape = layout()
    rows = rows_of(shape, 6)
    rows[2]["split"] = None
    opened = Master(io.BytesIO(parquet(shape, rows)))

    shards = shards_of(opened, chunked(opened, 100, 2**30))

    assert {shard.name: shard.rows for shard in shards} == {"train": 2, "test": 3, "none": 1}
    [lost] = [shard for shard in shards if shard.part is None]
    assert [row for batch in batches_of(opened, lost) for row in batch.column("item_id").to_pylist()] == [102]
