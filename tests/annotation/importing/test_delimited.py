from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.importing import blocks
from annotation.importing.records import FileFault, Refused
from tests.annotation.importing.helpers import rows_of, small


def test_rows_by_column_name() -> None:
    assert rows_of("id,text\n1,hello\n2,\n") == [{"id": "1", "text": "hello"}, {"id": "2", "text": ""}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end(end: str) -> None:
    assert rows_of(end.join(["text", '"a', 'b"', "c", ""])) == [{"text": f"a{end}b"}, {"text": "c"}]


def test_empty_lines_are_no_rows() -> None:
    assert rows_of("text\n\na\n\n\nb") == [{"text": "a"}, {"text": "b"}]


def test_without_header_columns_are_counted() -> None:
    assert rows_of("a,b\nc,d\n", header=False) == [
        {"column_1": "a", "column_2": "b"},
        {"column_1": "c", "column_2": "d"},
    ]


def test_a_column_without_name_is_counted() -> None:
    assert rows_of(",text\n0,a\n") == [{"column_1": "0", "text": "a"}]


def test_a_mark_at_the_beginning_is_no_part_of_the_first_name() -> None:
    assert rows_of(b"\xef\xbb\xbftext\na\n", encoding="utf-8-sig") == [{"text": "a"}]


def test_quotation_marks_mean_nothing_when_told_so() -> None:
    assert rows_of('text\tn\n5" wide\t1\n"open\t2\n', "tsv", delimiter="\t", quote="") == [
        {"text": '5" wide', "n": "1"},
        {"text": '"open', "n": "2"},
    ]


def test_ragged_rows_are_refused_one_by_one() -> None:
    short, long, good = rows_of("a,b\n1\n1,2,3\n1,2\n")

    assert isinstance(short, Refused)
    assert "has 1 value, the header names 2" in short.message
    assert isinstance(long, Refused)
    assert "has 3 values" in long.message
    assert good == {"a": "1", "b": "2"}


def test_a_file_cut_inside_quotes_says_so() -> None:
    good, cut = rows_of('text\nwhole\n"half of a')

    assert good == {"text": "whole"}
    assert isinstance(cut, Refused)
    assert "cut off" in cut.message


def test_text_behind_a_closing_quote_refuses_that_row_only() -> None:
    broken, good = rows_of('text\n"a"b\nc\n')

    assert isinstance(broken, Refused)
    assert good == {"text": "c"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no rows"),
        ("\n\n", "no rows"),
        ("a,b,a\n1,2,3", "Columns 1 and 3 are both called 'a'"),
        ('"a"b\n1', "first row"),
    ],
)
def test_a_header_that_cannot_be_used(text: str, why: str) -> None:
    with pytest.raises(FileFault, match=why):
        rows_of(text)


def test_a_million_columns() -> None:
    with pytest.raises(FileFault, match="1,000,000 columns; at most 1,000"):
        rows_of("," * 999_999 + "\n")


def test_a_long_line_is_refused_and_the_next_row_read() -> None:
    text = "text\nbefore\n" + "x" * (3 * blocks.PIECE_BYTES) + "\nafter\n"

    before, refused, after = rows_of(text, limits=small())

    assert (before, after) == ({"text": "before"}, {"text": "after"})
    assert isinstance(refused, Refused)


def test_a_quote_that_is_never_closed_costs_no_more_than_a_row_may() -> None:
    lines = "".join(f"row {n}\n" for n in range(200_000))

    found = rows_of('text\n"open\n' + lines, limits=small(row_bytes=100_000))

    assert isinstance(found[0], Refused)
    assert found[-1] == {"text": "row 199999"}


def test_many_short_quoted_lines_cannot_add_up_to_a_row_of_any_size() -> None:
    cell = '"' + "x\n" * 400 + '"'
    text = "a,b\n" + ",".join([cell] * 1_000) + "\n1,2\n"

    found = rows_of(text, limits=small(row_bytes=100_000))

    assert any(isinstance(row, Refused) and "longer than" in row.message for row in found)


def test_bytes_of_another_encoding_do_not_stop_the_file() -> None:
    first, second = rows_of("text\ncaf\xe9\nplain\n".encode("latin-1"))

    assert first == {"text": "caf\udce9"}  # the shaper refuses it: no JSON can hold it
    assert second == {"text": "plain"}


def test_utf16_that_is_cut_in_the_middle_of_a_character() -> None:
    with pytest.raises(FileFault, match="cut off"):
        rows_of("text\nhello\n".encode("utf-16")[:-1], encoding="utf-16")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "cp1252", "gb18030", "utf-32"])
def test_encodings(encoding: str) -> None:
    assert rows_of("text\nüber\n".encode(encoding), encoding=encoding) == [{"text": "über"}]


cell = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
table = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cell, min_size=width, max_size=width), max_size=8)
)


@given(table, st.sampled_from(",;\t|"))
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]], delimiter: str) -> None:
    file = io.StringIO(newline="")
    names = [f"c{n}" for n in range(len(rows[0]))] if rows else ["c0"]
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([names, *rows])

    assert rows_of(file.getvalue(), delimiter=delimiter) == [
        dict(zip(names, row, strict=True)) for row in rows
    ]


@given(st.text(st.sampled_from('a",\n\r\t'), max_size=300), st.integers(1, 40))
def test_any_text_in_pieces_of_any_size_reads_as_in_one(text: str, size: int) -> None:
    def outcome() -> object:
        try:
            return rows_of(text, header=False)
        except FileFault as fault:
            return str(fault)

    whole = outcome()
    before, blocks.PIECE_BYTES = blocks.PIECE_BYTES, size
    try:
        pieces = outcome()
    finally:
        blocks.PIECE_BYTES = before

    assert pieces == whole
