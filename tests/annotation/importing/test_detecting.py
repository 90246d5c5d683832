from __future__ import annotations

import gzip

import pytest

from annotation.importing.detecting import detect
from annotation.importing.records import FileFault, Layout
from tests.annotation.importing.helpers import source
from tests.annotation.importing.test_archives import packed
from tests.annotation.importing.test_pictures import image

GERMAN = "Nummer;Größe;Text\n" + "".join(
    f"{n};{n},5;Über die Straße, schön für Köln {n}\n" for n in range(60)
)


def layout(data: bytes | str, name: str = "file.csv") -> Layout:
    return detect(source(data.encode() if isinstance(data, str) else data), name)


@pytest.mark.parametrize(
    ("text", "name", "format"),
    [
        ("a,b\n1,2\n", "x.csv", "csv"),
        ("a\tb\n1\t2\n", "x.tsv", "tsv"),
        ("a\tb\n1\t2\n", "x.csv", "tsv"),
        ("a,b\n1,2\n", "x.tsv", "csv"),
        ('{"a": 1}\n{"a": 2}\n', "x.jsonl", "jsonl"),
        ('{"a": 1}\n{"a": 2}\n', "x.json", "jsonl"),
        ('{"a": 1}\n', "x", "jsonl"),
        ('[{"a": 1}]', "x.json", "json"),
        ('[\n  {"a": 1}\n]', "x.txt.json", "json"),
        ('{\n  "a": 1\n}\n{"a": 2}', "x.json", "json"),
        ("[1],b\n", "x.csv", "csv"),
        (packed(("1.png", image())), "x.zip", "zip"),
        (b"PAR1....", "x", "parquet"),
    ],
)
def test_formats_by_content_and_name(text: str | bytes, name: str, format: str) -> None:
    assert layout(text, name).format == format


@pytest.mark.parametrize("delimiter", list(",;|\t"))
@pytest.mark.parametrize("quoted", [True, False])
def test_delimiters(delimiter: str, quoted: bool) -> None:
    mark = '"' if quoted else ""
    cells = ["some words; more, of | them" if quoted else "some words", "12", "yes"]
    rows = [["text", "number", "ok"]] + [cells] * 30

    found = layout("\n".join(delimiter.join(f"{mark}{cell}{mark}" for cell in row) for row in rows))

    assert found.delimiter == delimiter


def test_the_first_row_tells_most_when_the_others_are_in_a_mess() -> None:
    assert (
        layout("id;text\n" + "1;late; and, again\n2;fine\n3;good, bad; neither, both\n" * 20).delimiter == ";"
    )


def test_decimal_commas_do_not_make_a_comma_the_delimiter() -> None:
    assert layout(GERMAN).delimiter == ";"


@pytest.mark.parametrize(
    "text", ['id,text\n1,"a"\n2,"half of', 'id,text\n1,a\n2,"half of', 'id,text\n1,"a"\n2,"half\nof\n']
)
def test_a_small_file_that_is_cut_inside_quotes_is_still_a_quoted_one(text: str) -> None:
    assert layout(text).quote == '"'


def test_one_bad_row_of_few_does_not_make_the_quotes_of_the_others_part_of_the_text() -> None:
    assert layout('id,text\n1,"said ""yes"""\n2,"x"y\n3,z\n').quote == '"'


def test_tabs_without_quoting_when_quotation_marks_stand_alone() -> None:
    found = layout("text\tlabel\n" + '5" screen\tyes\n"so he said\tno\n' * 20, "x.tsv")

    assert (found.delimiter, found.quote) == ("\t", "")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_encodings(encoding: str) -> None:
    found = layout(GERMAN.encode(encoding)).encoding

    assert GERMAN.encode(encoding).decode(found) == GERMAN


def test_an_odd_byte_deep_in_the_file_is_found() -> None:
    text = "text\n" + "plain words\n" * 200_000 + "Größe und Straße für Köln\n" * 20

    assert layout(text.encode("cp1252")).encoding == "cp1252"


@pytest.mark.parametrize(
    ("first", "header"),
    [
        ("text,label", True),
        (",text", True),
        ("id,Text of the review", True),
        ("17,a", False),
        (
            "a great film that I have seen twice already and would see again at any time if only somebody asked me to do it,good",
            False,
        ),
        ("fine,good", False),
    ],
)
def test_whether_the_first_row_names_the_columns(first: str, header: bool) -> None:
    rows = "".join(f"words {n},{'good' if n % 2 else 'bad'}\n" for n in range(50))

    assert layout(f"{first}\n{rows}").header is header


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"  \n \n", "white space"),
        (b"%PDF-1.7 ...", "PDF"),
        (image(), "an image"),
        (gzip.compress(b"a,b\n", mtime=0), "gzip"),
        (bytes(range(256)) * 40, "not a text file"),
        (packed(("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")), "Office document"),
        (b"SQLite format 3\0...", "database"),
        (b"-DOCSTART- -X- O\nAda NNP B-PER\n", "CoNLL"),
    ],
)
def test_what_is_not_read_here_says_what_it_is(data: bytes, why: str) -> None:
    with pytest.raises(FileFault, match=why):
        layout(data, "data.csv")


def test_a_few_nul_characters_are_left_for_the_rows_to_tell() -> None:
    assert layout(b"text\n" + b"some words\n" * 100 + b"a\0b\n").format == "csv"
