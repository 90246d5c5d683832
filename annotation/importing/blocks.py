"""Text of a file in blocks that end where a line ends. No line, however long, is ever held as a whole."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from annotation.importing.records import FileFault, Source

PIECE_BYTES = 256 * 1024


class RowTooLong(Exception):
    """A row is longer than the limit. Reading goes on behind it."""


def pieces(source: Source, encoding: str) -> Iterator[str]:
    """The file's text, cut anywhere. Bytes that the encoding does not know become lone surrogates, which no JSON can
    hold: whoever makes JSON of a row finds them."""
    wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass" if wide else "surrogateescape")
    ended = False
    while not ended:
        chunk = source.file.read(PIECE_BYTES)
        source.done += len(chunk)
        ended = not chunk
        try:
            text = decoder.decode(chunk, ended)
        except UnicodeError as error:
            reason = getattr(error, "reason", error)
            raise FileFault(
                f"The file stops being {encoding} near byte {source.done:,} ({reason}): it is cut off, or it has "
                "another encoding. Choose the encoding, or save the file as UTF-8."
            ) from error
        if text:
            yield text


class Blocks:
    """An iterator of blocks of whole lines.

    Raises RowTooLong, and can be iterated further, for a line longer than `longest` characters, or when so much was
    handed out since `row_done` was last called.
    """

    def __init__(self, source: Source, encoding: str, longest: int) -> None:
        self._pieces = pieces(source, encoding)
        self._longest = longest
        self._carry: list[str] = []
        self._carried = 0
        self._since_row = 0
        self._skipping = False

    def __iter__(self) -> Blocks:
        return self

    def row_done(self) -> None:
        self._since_row = 0

    def __next__(self) -> str:
        if self._since_row > self._longest:
            self._since_row = 0
            raise RowTooLong
        block = self._next_block()
        self._since_row += len(block)
        return block

    def _next_block(self) -> str:
        for piece in self._pieces:
            text = self._skip(piece)
            if cut := _end_of_lines(text):
                block = "".join([*self._carry, text[:cut]])
                self._hold([text[cut:]] if cut < len(text) else [])
                return block
            self._hold([*self._carry, text] if text else self._carry)
            if self._carried > self._longest:
                self._hold([])
                self._skipping = True
                raise RowTooLong
        last = "".join(self._carry)
        self._hold([])
        if not last:
            raise StopIteration
        return last

    def _hold(self, carry: list[str]) -> None:
        self._carry = carry
        self._carried = sum(map(len, carry))

    def _skip(self, text: str) -> str:
        """What follows the end of a line that was too long."""
        if not self._skipping:
            return text
        ends = [place for place in (text.find("\n"), text.find("\r")) if place >= 0]
        if not ends:
            return ""
        self._skipping = False
        return text[min(ends) + 1 :]


def _end_of_lines(text: str) -> int:
    """Where the last whole line ends. A final carriage return does not count: a line feed may follow it."""
    return text.rfind("\n") + 1 or text.rfind("\r", 0, len(text) - 1) + 1
