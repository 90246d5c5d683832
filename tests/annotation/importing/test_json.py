from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.importing import blocks
from annotation.importing.reading import first_rows
from annotation.importing.records import FileFault, Layout, Limits, Refused
from tests.annotation.importing.helpers import rows_of, small, source

value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
objects = st.lists(st.dictionaries(st.text(max_size=8), value, max_size=4), max_size=6)


def refusals(data: str | bytes, format: str = "jsonl") -> list[str]:
    return [row.message for row in rows_of(data, format) if isinstance(row, Refused)]


@given(objects)
def test_json_lines_are_read_back(rows: list[dict[str, object]]) -> None:
    assert rows_of("\n".join(json.dumps(row) for row in rows), "jsonl") == rows


@given(objects, st.sampled_from([None, 2]), st.integers(1, 50))
def test_a_json_list_is_read_back_in_pieces_of_any_size(
    rows: list[dict[str, object]], indent: int | None, size: int
) -> None:
    before, blocks.PIECE_BYTES = blocks.PIECE_BYTES, size
    try:
        assert rows_of(json.dumps(rows, indent=indent), "json") == rows
    finally:
        blocks.PIECE_BYTES = before


def test_objects_without_a_list_around_them() -> None:
    assert rows_of('{"a": 1}\n\n{\n"a": 2}', "json") == [{"a": 1}, {"a": 2}]


def test_a_list_on_one_line_longer_than_a_row_may_be() -> None:
    rows = [{"text": "x" * 100}] * 50_000

    assert rows_of(json.dumps(rows), "json", limits=small()) == rows


def test_rows_that_are_no_objects_are_refused() -> None:
    assert [message[:53] for message in refusals('[1]\n"a"\n3\nnull\ntrue')] == [
        'A row must be an object such as {"text": "..."}, not ' for _ in range(5)
    ]


def test_a_line_that_is_no_json_says_where() -> None:
    assert refusals('{"a": 1}\n{"a": }\n')[0].endswith("at character 7.")


def test_a_line_cut_off() -> None:
    assert "cut off" in refusals('{"a": "b"}\n{"a": "b')[0]


def test_bytes_of_another_encoding() -> None:
    assert "not utf-8" in refusals('{"a": "caf\xe9"}'.encode("latin-1"))[0]


def test_a_line_of_any_length_is_refused_and_the_next_read() -> None:
    text = '{"a": "' + "x" * (4 * blocks.PIECE_BYTES) + '"}\n{"a": 2}\n'

    refused, good = rows_of(text, "jsonl", limits=small())

    assert isinstance(refused, Refused)
    assert good == {"a": 2}


def test_an_object_with_too_many_keys() -> None:
    assert "2,000 keys" in refusals(json.dumps({str(n): n for n in range(2_000)}))[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"a": 1}, {"a": ', "row 2.*cut off"),
        ('[{"a": 1} {"a": 2}]', "row 1.*comma"),
        ('[{"a": 1}', "row 1.*comma or the end"),
        ('[{"a": NaN}]', "row 1.*NaN is not JSON"),
        ("[" * 100_000, "row 1.*nested too deeply"),
        ('[{"a": ' + "9" * 5000 + "}]", "row 1"),
        ('[{"a": 1}] [{"a": 2}]', "follows the end"),
        ('"text"', "list of objects"),
        ("12", "list of objects"),
    ],
)
def test_broken_json_names_the_row(text: str, why: str) -> None:
    with pytest.raises(FileFault, match=why):
        rows_of(text, "json")


def test_rows_before_the_break_are_read() -> None:
    found = first_rows(source(b'[{"a": 1}, {"a": '), Layout("json"), Limits(), 10)

    assert found == [{"a": 1}]


def test_a_row_longer_than_the_limit_ends_the_file_in_bounded_memory() -> None:
    with pytest.raises(FileFault, match=r"row 1.*longer than"):
        rows_of('[{"a": "' + "x" * (8 * blocks.PIECE_BYTES) + '"}]', "json", limits=small())
