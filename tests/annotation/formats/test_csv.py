"""CSV: every character as it was said, nothing told apart from an empty text, and harmless when asked for."""

from __future__ import annotations

import csv
import io
import json

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.formats.csv import header
from annotation.formats.master import Master
from annotation.formats.registry import FORMATS
from tests.annotation.formats.masters import LABELS, layout, master, parquet, rows_of, written

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def table(body, encoding="utf-8"):
    return list(csv.DictReader(io.StringIO(body.decode(encoding), newline="")))


def split_up(cell):
    """The labels of a cell of a multiple choice."""
    labels, escaped = [""], False
    for letter in cell:
        if escaped or letter not in "\\|":
            labels[-1] += letter
            escaped = False
        elif letter == "\\":
            escaped = True
        else:
            labels.append("")
    return labels if cell else []


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(TEXT, min_size=1, max_size=5))
def test_every_character_survives(texts):
    shape = layout(parts=(), questions=[], probabilities=False)
    rows = rows_of(shape, len(texts))
    for row, text in zip(rows, texts, strict=True):
        row["key"] = row["payload.text"] = text

    found = table(written(FORMATS["csv"], Master(io.BytesIO(parquet(shape, rows)))))

    assert [(row["key"], row["payload.text"]) for row in found] == [(text, text) for text in texts]


def test_nothing_is_told_apart_from_an_empty_text():
    body = written(FORMATS["csv"], master(layout("annotations"), 4)).decode()

    lines = body.split("\r\n")
    assert ',"",0,' in lines[2].replace("two\nlines", "") or ',"plain","",' in body
    assert lines[0] == ",".join(f'"{name}"' for name in header(layout("annotations")))
    assert ",," in lines[1]


def test_labels_in_one_cell_can_be_told_apart():
    shape = layout("annotations")

    found = table(written(FORMATS["csv"], master(shape, 30)))

    wanted = [row["answer.marks"] for row in rows_of(shape, 30)]
    assert [split_up(row["answer.marks"]) for row in found] == wanted
    assert any(LABELS[3] in row for row in wanted)


def test_values_that_are_not_of_their_fields_type_and_hidden_fields_are_there():
    found = table(written(FORMATS["csv"], master(layout(), 10)))

    assert (found[9]["payload.text"], found[9]["payload.length"], found[9]["payload.source"]) == (
        "7",
        "long",
        "s1",
    )


def test_without_fields_the_payload_is_one_cell():
    shape = layout(fields=[])

    found = table(written(FORMATS["csv"], master(shape, 3)))

    assert json.loads(found[0]["payload"])["more"] == {"n": [0]}
    assert "payload.text" not in found[0]


def test_a_spreadsheet_runs_nothing_of_the_safe_one():
    body = written(FORMATS["csv-safe"], master(layout(), 30))

    assert body.startswith(b"\xef\xbb\xbf")
    for row in table(body, "utf-8-sig"):
        quoted = [row["key"], row["payload.text"], row["consensus.topic"], row["consensus.note"]]
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in quoted)
    assert b'"\'=HYPERLINK(1)"' in body


def test_pandas_reads_the_same_values():
    shape = layout()

    found = pandas.read_csv(io.BytesIO(written(FORMATS["csv"], master(shape, 30))), keep_default_na=False)

    assert list(found["item_id"]) == [row["item_id"] for row in rows_of(shape, 30)]
    assert json.loads(found["probabilities.topic"][0]) == {"plain": 0.75, "1": 0.25}
    assert [json.loads(cell) if cell else None for cell in found["probable.topic"][:2]] == [
        {"plain": 0.25, "1": 0.75},
        None,
    ]
    assert found["sources.topic.imported"].sum() == 15


@pytest.mark.parametrize("rows", ["consensus", "annotations"])
def test_lines_end_with_cr_lf_and_have_a_cell_for_each_column(rows):
    shape = layout(rows)

    found = list(csv.reader(io.StringIO(written(FORMATS["csv"], master(shape, 30)).decode(), newline="")))

    assert {len(row) for row in found} == {len(header(shape))}
    assert written(FORMATS["csv"], master(shape, 30)).endswith(b"\r\n")
