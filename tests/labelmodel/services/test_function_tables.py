"""Uploaded dictionaries: kept whole or refused with the row that is wrong, never changed, and read by lookups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from annotation.errors import Conflict, InvalidInput, NotAllowed, TooLarge
from annotation.models import Project
from annotation.services.stored import StorageFault
from labelmodel.models import FunctionTable
from labelmodel.services import function_tables, run_requests, table_files
from tests.factories import make_member
from tests.labelmodel.services.function_help import active, draft, reviews, run, said

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _storage(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def project() -> Project:
    return reviews()


def upload(project: Project, content: str | bytes, name: str = "words.csv", **options: Any) -> FunctionTable:
    data = content.encode() if isinstance(content, str) else content
    return function_tables.create(
        project=project, by=project.created_by, upload=ContentFile(data, name), **options
    )


LOOKUP = {"fields": ["text"], "table": "words", "column": "term", "label_column": "label"}


def test_a_table_is_kept_with_what_it_has(project: Project) -> None:
    table = upload(project, "term,label\ngood,positive\nbad,negative\n,neutral\n")

    assert (table.name, table.columns, table.rows) == ("words", ["term", "label"], 3)
    frame = function_tables.frame(table)
    assert frame["term"].to_list() == ["good", "bad", None]
    assert default_storage.size(table.file.name) == table.size


@pytest.mark.parametrize(
    ("content", "name"),
    [('{"a": "x", "b": 1}\n{"a": true}\n', "t.jsonl"), ('[{"a": "x", "b": 1}, {"a": true}]', "t.json")],
)
def test_other_formats_and_values_that_are_no_text(project: Project, content: str, name: str) -> None:
    table = upload(project, content, name)
    frame = function_tables.frame(table)
    assert function_tables.frame(table) is frame

    assert frame.rows() == [("x", "1"), ("true", None)]


def test_whether_there_is_a_header_can_be_told(project: Project) -> None:
    table = upload(project, "good,positive\nbad,negative\n", header=False)

    assert (table.columns, table.rows) == (["column_1", "column_2"], 2)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("", "t.csv", "empty"),
        ("a,b\n1,2\n3\n", "t.csv", "Row 2 cannot be read"),
        ('{"a": [1]}\n', "t.jsonl", "object or a list"),
        ('{"a": "1"}\n{"b": "1"}\n', "t.jsonl", "Row 2 has a column “b”"),
        ("a,b\nx," + "y" * 1_001, "t.csv", "Row 1 has 1,001 characters in “b”"),
        (b"PK\x03\x04", "t.zip", "A table is read from csv"),
        (b"PAR1", "t.parquet", "A table is read from csv"),
        (bytes(range(32)) * 9, "t.csv", "This is not a text file. A table is read from csv"),
    ],
)
def test_what_cannot_be_read_is_told(project: Project, content: Any, name: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as error:
        upload(project, content, name)

    assert [fault.path for fault in error.value.faults] == [("file",)]
    assert not FunctionTable.objects.exists()


def test_limits_are_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "MOST_ROWS", 2)
    with pytest.raises(TooLarge, match="at most 50 MB"):
        upload(project, "a,b\n1,2\n3,4\n5,6\n")
    monkeypatch.setattr(table_files, "MOST_MB", 0)
    with pytest.raises(TooLarge, match="split it"):
        upload(project, "a,b\n1,2\n")


def test_a_name_is_taken_once_and_a_table_never_changes(project: Project) -> None:
    upload(project, "a,b\n1,2\n")

    with pytest.raises(Conflict, match="another name"):
        upload(project, "a,b\n3,4\n")
    upload(project, "a,b\n3,4\n", name="newer.csv")


def test_a_function_looks_up_what_a_table_says(project: Project) -> None:
    upload(project, "term,label\ngood,positive\nbad,negative\n")

    version = active(project, kind="lookup", definition=LOOKUP)

    assert said(version)["item-00000"] == "positive"
    assert said(version)["item-00005"] == "negative"
    assert said(version)["item-00003"] is None


def test_a_table_is_named_by_its_number_too(project: Project) -> None:
    table = upload(project, "term,label\ngood,positive\n")

    assert draft(project, kind="lookup", definition={**LOOKUP, "table": str(table.pk)}).pk
    with pytest.raises(InvalidInput, match="no table “others”"):
        draft(project, "other", kind="lookup", definition={**LOOKUP, "table": "others"})


def test_a_table_that_is_read_is_not_removed(project: Project) -> None:
    table = upload(project, "term,label\ngood,positive\n")
    version = draft(project, kind="lookup", definition=LOOKUP)
    with pytest.raises(Conflict, match="Version 1 of “good words” reads"):
        function_tables.remove(table=table, by=project.created_by)

    version.function.delete()
    function_tables.remove(table=table, by=project.created_by)

    assert not default_storage.exists(table.file.name)


def test_a_table_whose_file_is_gone_or_damaged_is_a_fault_of_its_function_only(project: Project) -> None:
    table = upload(project, "term,label\ngood,positive\n")
    looked, other = active(project, kind="lookup", definition=LOOKUP), active(project, "other")
    Path(default_storage.path(table.file.name)).write_bytes(b"nothing")
    with pytest.raises(StorageFault, match="damaged"):
        function_tables.frame(table)
    project.items.create(key="new", payload={"text": "good"}, digest=b"")

    run_requests.request(project=project, by=project.created_by)
    done = run(project)

    assert "damaged" in done.lines[str(looked.pk)]["fault"]
    assert done.lines[str(other.pk)]["votes"] == {"positive": 1}


def test_only_who_writes_functions_uploads(project: Project) -> None:
    with pytest.raises(NotAllowed):
        function_tables.create(
            project=project, by=make_member(project, "viewer"), upload=ContentFile(b"a,b\n1,2\n", "t.csv")
        )
