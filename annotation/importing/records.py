"""What readers take and give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, Any

MiB = 2**20


class FileFault(Exception):
    """The file cannot be read, or not beyond this place. `str(error)` says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that cannot become an item, and why, with how to mend it; `other` is the item of the project in whose favour."""

    message: str
    field: str = ""
    other: int | None = None


# The values of a row by column, or why there are none.
Record = dict[str, Any] | Refused


@dataclass(frozen=True)
class Limits:
    """What a file may ask of memory and disk."""

    row_bytes: int = 5 * MiB
    columns: int = 1_000
    picture_bytes: int = 50 * MiB
    picture_pixels: int = 100_000_000
    archive_files: int = 200_000
    archive_bytes: int = 50_000 * MiB


@dataclass(frozen=True)
class Layout:
    """How a file is to be read. Detected, shown to the person who imports, and changeable.

    `quote` is empty where quotation marks mean nothing; `header` says whether the first row names the columns.
    """

    format: str
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    # Of a spreadsheet; empty: the first one.
    sheet: str = ""


@dataclass
class Source:
    """An open file. Readers keep `done` up to date: the bytes of it that are behind them, of `size`; and `part`, the name of
    the file inside of which they are. `hints` is what the file says of its columns, known once its first row is read."""

    file: IO[bytes]
    size: int
    done: int = field(default=0)
    part: str = ""
    hints: dict[str, Any] = field(default_factory=dict)
