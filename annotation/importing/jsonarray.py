"""JSON: a list of objects, or objects one after the other, read one at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from annotation.importing.blocks import pieces
from annotation.importing.jsonlines import checked
from annotation.importing.records import FileFault, Layout, Limits, Record, Source

_SPACE = re.compile(r"[\s\ufeff]*")


def read(source: Source, layout: Layout, limits: Limits) -> Iterator[Record]:
    """Each object of the list. Raises FileFault where the JSON is broken, as nothing behind that place can be trusted."""
    text = _Text(source, layout, limits)
    in_list = text.take("[")
    if not in_list and text.peek() != "{":
        raise FileFault('The file must hold a list of objects: [{"text": "..."}, ...].')
    row = 0
    while not (text.take("]") if in_list else text.peek() == ""):
        row += 1
        yield checked(text.value(row), limits)
        if in_list and not text.take(",") and text.peek() != "]":
            _broken(row, "a comma or the end of the list is missing behind it")
    if in_list and text.peek():
        raise FileFault("Something follows the end of the list. Put all objects into one list.")


class _Text:
    """The text still to be read, of which only a row's length is held."""

    def __init__(self, source: Source, layout: Layout, limits: Limits) -> None:
        self._limits = limits
        self._pieces = pieces(source, layout.encoding)
        self._text, self._at, self._ended = "", 0, False
        self._decoder = json.JSONDecoder(parse_constant=_refuse_constant)

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # matches anything
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self, character: str) -> bool:
        found = self.peek() == character
        self._at += found
        return found

    def value(self, row: int) -> Any:
        self.peek()
        while True:
            try:
                value, self._at = self._decoder.raw_decode(self._text, self._at)
            except RecursionError:
                _broken(row, "it is nested too deeply")
            except json.JSONDecodeError as error:
                self._extend(row, error)
            except ValueError as error:
                _broken(row, str(error))
            else:
                return value

    def _extend(self, row: int, error: json.JSONDecodeError) -> None:
        """Read on, if the fault may be that the row is not all here yet."""
        if len(self._text) - self._at > self._limits.row_bytes:
            _broken(row, f"{error.msg}, or it is longer than {self._limits.row_bytes / 2**20:g} MB")
        place = error.pos - self._at + 1
        if not self._more():
            _broken(
                row, f"{error.msg.removesuffix(' at')} at its character {place}; or the file is cut off there"
            )

    def _more(self) -> bool:
        if self._ended:
            return False
        piece = next(self._pieces, "")
        self._ended = not piece
        self._text, self._at = self._text[self._at :] + piece, 0
        return not self._ended


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON; write null")


def _broken(row: int, reason: str) -> NoReturn:
    raise FileFault(f"The JSON is broken at row {row:,}: {reason}. Rows before it are not affected.")
