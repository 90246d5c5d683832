"""What a file is and how to read it, from its first bytes and its name."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections import Counter
from dataclasses import replace
from typing import Any

import orjson
from charset_normalizer import from_bytes

from annotation.importing.archives import check_directory
from annotation.importing.datafiles import is_folder
from annotation.importing.records import FileFault, Layout, Limits, MiB, Source

FORMATS = {
    "csv": "CSV",
    "tsv": "TSV",
    "jsonl": "JSON Lines",
    "json": "JSON",
    "parquet": "Parquet",
    "excel": "Spreadsheet",
    "folder": "Zip of data files",
    "zip": "Zip of images",
}
# What is not read as text, and not by the web process.
BINARY = frozenset({"parquet", "excel", "folder", "zip"})
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
ENCODINGS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso-8859-1", "iso-8859-2", "iso-8859-15",
    "cp1250", "cp1251", "koi8-r", "cp1253", "cp1254", "cp1255", "cp1256", "mac-roman", "shift_jis", "euc-jp", "gb18030",
    "big5", "euc-kr",
)  # fmt: skip
_SAMPLE_BYTES = 256 * 1024
_LOOKED_AT = 64 * MiB
_SAMPLE_ROWS = 500
_LONGEST_NAME = 100
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLE = b"\xd0\xcf\x11\xe0"
_NOT_READ = (
    (b"%PDF", "a PDF document. Extract its text first"),
    (b"\x89PNG", "an image. Pack images into a zip file"),
    (b"\xff\xd8\xff", "an image. Pack images into a zip file"),
    (b"GIF8", "an image. Pack images into a zip file"),
    (b"\x1f\x8b", "packed by gzip. Unpack it first"),
    (b"\x28\xb5\x2f\xfd", "packed by Zstandard. Unpack it first"),
    (b"BZh", "packed by bzip2. Unpack it first"),
    (b"\xfd7zXZ", "packed by xz. Unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive. Unpack it first"),
    (b"SQLite format 3", "a database. Export the table as CSV first"),
    (_OLE, "an old Office document. Save it as CSV (UTF-8) first"),
    (b"ARROW1", "an Arrow file. Save it as Parquet first"),
    (b"\x7fELF", "a program"),
    # As lines of a table each word would become an item.
    (b"-DOCSTART-", "a CoNLL file, which cannot be read yet. Export the same as JSON"),
)
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
_OFFICE = (b"[Content_Types].xml", b"_rels/", b"xl/", b"word/", b"mimetype", b"docProps/")
# Without õ and û, which Hungarian in Windows' Central European encoding looks like.
_WESTERN = frozenset("äöüßéèêëàâãáíìîïóòôúùçñåæøœÄÖÜÉÈÊÀÂÃÁÍÓÔÚÇÑÅÆØ’‘“”„–—…€°£§«»¿¡ªº´·")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
# A value in quotation marks, on a line of its own or between delimiters.
_QUOTED = re.compile(r'(?:^|[,;|\t])"(?:[^"\n]|"")*"(?:$|[,;|\t\r])', re.MULTILINE)
_NUMBER = re.compile(r"\s*[-+]?[\d.,]*\d[\d.,]*%?\s*")


class NotText(FileFault):
    """A file that is neither text nor of a format that is known."""


def detect(source: Source, name: str) -> Layout:
    """The layout of this file, from the beginning of it. Raises FileFault for one that is not read here."""
    source.file.seek(0)
    head = source.file.read(_SAMPLE_BYTES)
    if not head:
        raise FileFault("The file is empty.")
    if head.startswith(b"PAR1"):
        return Layout("parquet")
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return _zip(source, head)
    if head.startswith(_OLE) and name.lower().endswith(".xls"):
        return Layout("excel")
    for mark, what in _NOT_READ:
        if head.startswith(mark):
            raise FileFault(f"This is {what}.")
    encoding = _encoding(source, head)
    text = decoded(head, encoding)
    if not text.strip():
        raise FileFault("The file holds nothing but white space.")
    return with_delimiter(Layout(_text_format(text, name), encoding), text)


def with_delimiter(layout: Layout, text: str) -> Layout:
    """The layout with the delimiter, quotation mark and header that fit this text, where its format has them."""
    if layout.format not in {"csv", "tsv"}:
        return layout
    delimiter, quote = _delimiter(text, "\t" if layout.format == "tsv" else "")
    found = replace(layout, format="tsv" if delimiter == "\t" else "csv", delimiter=delimiter, quote=quote)
    return replace(found, header=has_header(_sample_rows(text, delimiter, quote)[0]))


def sample(source: Source, encoding: str) -> str:
    """The beginning of the file as text, up to the end of a line."""
    source.file.seek(0)
    return decoded(source.file.read(_SAMPLE_BYTES), encoding)


def first_cells(text: str, layout: Layout) -> list[str]:
    """The cells of the first row of a delimited text."""
    rows, _ = _sample_rows(text, layout.delimiter, layout.quote, most=1)
    return rows[0] if rows else []


def decoded(head: bytes, encoding: str) -> str:
    try:
        text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    except UnicodeError as error:
        raise FileFault(f"The file is not {encoding} ({error}). Choose another encoding.") from error
    end = max(text.rfind("\n"), text.rfind("\r")) + 1
    return text[:end] if end and len(head) == _SAMPLE_BYTES else text


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: less than half of it looks like values."""
    if not rows:
        return True
    names = [cell.strip() for cell in rows[0]]
    like_values = sum(_is_value(name, place, rows) for place, name in enumerate(names))
    return like_values * 2 < max(sum(map(bool, names)), 1)


def _is_value(name: str, place: int, rows: list[list[str]]) -> bool:
    """A number, a long text, or what stands more than once in the same place below."""
    if not name:
        return False
    if _NUMBER.fullmatch(name) or len(name) > _LONGEST_NAME:
        return True
    return sum(place < len(row) and row[place].strip() == name for row in rows[1:]) > max(1, len(rows) // 50)


def _zip(source: Source, head: bytes) -> Layout:
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")] if len(head) > 30 else b""
    names = _names(source)
    if any(name.startswith("xl/workbook") for name in names) or _OPEN_DOCUMENT in head[:200]:
        return Layout("excel")
    if name.startswith(_OFFICE):
        raise FileFault("This is an Office document. Save the sheet as CSV (UTF-8) and import that.")
    return Layout("folder" if is_folder(names) else "zip")


def _names(source: Source) -> list[str]:
    """What is in an archive; nothing where it cannot be read, which its reader will tell."""
    try:
        check_directory(source)
        with zipfile.ZipFile(source.file) as archive:
            return archive.namelist()
    except (FileFault, zipfile.BadZipFile, NotImplementedError, EOFError, OSError):
        return []


def _encoding(source: Source, head: bytes) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if wide := _wide(head):
        return wide
    if len(_CONTROLS.findall(head)) > len(head) / 20:
        raise NotText(
            "This is not a text file. Import CSV, TSV, JSON Lines, JSON, Parquet, a spreadsheet, or a zip of data files or "
            "images."
        )
    odd = _first_not_utf8(source)
    if odd is None:
        return "utf-8"
    # Lines of plain ASCII tell nothing; among many of them the guess goes wrong.
    return _one_byte_encoding(b"\n".join(line for line in odd.split(b"\n") if not line.isascii())[:65536])


def _one_byte_encoding(telling: bytes) -> str:
    """The encoding of text that is not UTF-8; Windows' Western one unless its letters would make no words."""
    beyond_ascii = [character for character in telling.decode("cp1252", "replace") if character > "\x7f"]
    western = sum(character in _WESTERN for character in beyond_ascii)
    if western >= 0.95 * len(beyond_ascii):
        return "cp1252"
    guess = from_bytes(telling).best()
    return guess.encoding.replace("_", "-") if guess else "cp1252"


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: every other byte of Western text is zero."""
    pairs = head[: len(head) // 2 * 2][:4096]
    if len(pairs) >= 4:
        low, high = pairs[0::2].count(0) * 2 / len(pairs), pairs[1::2].count(0) * 2 / len(pairs)
        if high > 0.6 and low < 0.1:
            return "utf-16-le"
        if low > 0.6 and high < 0.1:
            return "utf-16-be"
    return ""


def _first_not_utf8(source: Source) -> bytes | None:
    """The first part of the file, as far as it is looked at, that is not UTF-8."""
    source.file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    seen = 0
    while seen < _LOOKED_AT and (chunk := source.file.read(MiB)):
        seen += len(chunk)
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            # Whole lines around the place, so that the guess sees the words that it is about.
            place = max(error.start - 32768, 0)
            return chunk[place:]
    return None


def _text_format(text: str, name: str) -> str:
    ending = name.rpartition(".")[2].lower()
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("{") and _is_object(start.partition("\n")[0]):
        return "jsonl"
    if ending in {"csv", "tsv", "txt", "tab"}:
        return "tsv" if ending in {"tsv", "tab"} else "csv"
    if ending in {"jsonl", "ndjson"}:
        return "jsonl"
    if ending == "json" or start.startswith(("[{", "[\n", "[\r", "[ ", "[]", "{\n", "{\r", '{"')):
        return "json"
    return "csv"


def _is_object(line: str) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _delimiter(text: str, preferred: str) -> tuple[str, str]:
    """The delimiter and quotation mark under which most rows have the same number, two or more, of cells."""
    found: dict[tuple[Any, ...], tuple[str, str]] = {}
    quoted = len(_QUOTED.findall(text))
    for delimiter in DELIMITERS:
        for quote in ('"', ""):
            rows, broken = _sample_rows(text, delimiter, quote)
            # A few broken rows say nothing against quotation marks that others use; they will be refused one by one.
            broken = 0 if quote and broken <= quoted else broken
            widths = Counter(len(row) for row in rows if len(row) > 1)
            if widths:
                width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
                fit = round(count / (len(rows) + broken), 2)
                # A first row of one cell would make every other row too long.
                first = len(rows[0])
                rank = (delimiter == preferred, first > 1, fit, first == width, width, bool(quote))
                found.setdefault(rank, (delimiter, quote))
    return found[max(found)] if found else (preferred or ",", '"')


def _sample_rows(
    text: str, delimiter: str, quote: str, most: int = _SAMPLE_ROWS
) -> tuple[list[list[str]], int]:
    """The first rows of a text, and how many cannot be read."""
    options: dict[str, Any] = (
        {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
    )
    csv.field_size_limit(Limits.row_bytes)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, **options)
    rows: list[list[str]] = []
    broken = line = 0
    while len(rows) < most:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            broken += not _cut_off(error, text, lines=reader.line_num - line)
        else:
            rows += [row] if row else []
        line = reader.line_num
    return rows, broken


def _cut_off(error: csv.Error, text: str, lines: int) -> bool:
    """Whether the file just ends inside the value that its last line begins in quotation marks."""
    return "unexpected end of data" in str(error) and lines == 1 and not text.endswith(("\n", "\r"))
