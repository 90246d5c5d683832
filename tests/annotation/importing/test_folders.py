"""Zips of data files, and spreadsheets."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from annotation.importing.detecting import detect
from annotation.importing.reading import read
from annotation.importing.records import FileFault, Layout, Limits
from tests.annotation.importing.helpers import rows_of, source
from tests.annotation.importing.test_archives import packed

LABELS = {
    "info": {
        "features": {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}, "text": {"_type": "Value"}}
    }
}


def table(rows: list[dict[str, Any]], features: dict[str, Any] = LABELS) -> pa.Table:
    import orjson

    made = pa.Table.from_pylist(rows)
    return made.replace_schema_metadata({b"huggingface": orjson.dumps(features)})


def parquet(rows: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(table(rows), out)
    return out.getvalue()


def arrow(rows: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    made = table(rows)
    with pa.ipc.new_stream(out, made.schema) as stream:
        stream.write_table(made)
    return out.getvalue()


def test_a_folder_of_parquet_has_splits_and_names_of_labels() -> None:
    data = packed(
        ("README.md", b"# card"),
        (
            "data/test-00000-of-00001.parquet",
            parquet([{"text": "b", "label": 0}, {"text": "c", "label": -1}]),
        ),
        ("data/train-00000-of-00001.parquet", parquet([{"text": "a", "label": 1}])),
    )
    opened = source(data)

    assert detect(opened, "x.zip").format == "folder"
    assert list(read(opened, Layout("folder"), Limits())) == [
        {"split": "test", "text": "b", "label": "neg"},
        {"split": "test", "text": "c", "label": None},
        {"split": "train", "text": "a", "label": "pos"},
    ]
    assert opened.hints["labels"] == {"label": {"names": ["neg", "pos"], "kind": "choice"}}


def test_a_data_set_saved_to_disk() -> None:
    data = packed(
        ("dataset_dict.json", b'{"splits": ["train"]}'),
        ("train/data-00000-of-00001.arrow", arrow([{"text": "a", "label": 1}])),
        ("train/dataset_info.json", b"{}"),
    )

    assert rows_of(data, "folder") == [{"text": "a", "label": "pos"}]


def test_files_of_several_people_are_told_apart() -> None:
    data = packed(("ann.jsonl", b'{"text": "a"}\n'), ("bob.jsonl", b'{"text": "a"}\n'))

    assert rows_of(data, "folder") == [{"@file": "ann", "text": "a"}, {"@file": "bob", "text": "a"}]


def test_a_broken_file_inside_is_named() -> None:
    with pytest.raises(FileFault, match=r"data/b\.parquet: The Parquet file cannot be read"):
        rows_of(packed(("data/b.parquet", parquet([{"text": "a", "label": 1}])[:-20])), "folder")


def test_images_with_a_list_of_them_stay_a_zip_of_images() -> None:
    assert detect(source(packed(("a.png", b"x"), ("metadata.csv", b"file_name\n"))), "x.zip").format == "zip"


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_spreadsheet_has_sheets_numbers_and_dates() -> None:
    first = [["text", "stars", "at"], ["a", 4, datetime(2026, 1, 2, 3)], [None, None, None], ["b", 4.5, None]]
    opened = source(workbook(One=first, Two=[["x"], ["y"]]))

    assert detect(opened, "x.xlsx").format == "excel"
    assert list(read(opened, Layout("excel"), Limits())) == [
        {"text": "a", "stars": 4, "at": "2026-01-02T03:00:00"},
        {"text": "b", "stars": 4.5, "at": None},
    ]
    assert opened.hints["sheets"] == ["One", "Two"]
    assert list(read(opened, Layout("excel", sheet="Two"), Limits())) == [{"x": "y"}]


@pytest.mark.parametrize(
    ("data", "layout", "why"),
    [
        (workbook(One=[["a"]])[:-40], Layout("excel"), "has no end"),
        (workbook(One=[["a"]]), Layout("excel", sheet="Two"), "There is no sheet 'Two'; there are 'One'"),
        (workbook(One=[]), Layout("excel"), "has no rows"),
    ],
)
def test_spreadsheets_that_cannot_be_read(data: bytes, layout: Layout, why: str) -> None:
    with pytest.raises(FileFault, match=why):
        list(read(source(data), layout, Limits()))
