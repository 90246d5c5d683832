"""JSON Lines (NDJSON): one object on each line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from annotation.importing.blocks import Blocks, RowTooLong
from annotation.importing.records import Layout, Limits, Record, Refused, Source


def read(source: Source, layout: Layout, limits: Limits) -> Iterator[Record]:
    """The object on each line that is not empty."""
    blocks = Blocks(source, layout.encoding, limits.row_bytes)
    while True:
        try:
            for block in blocks:
                blocks.row_done()
                for line in block.split("\n"):
                    if line and not line.isspace():
                        yield _object(line, layout, limits)
        except RowTooLong:
            yield Refused(f"The line is longer than {limits.row_bytes / 2**20:g} MB. Split it.")
        else:
            return


def _object(line: str, layout: Layout, limits: Limits) -> Record:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Refused(_explain(line, layout, error))
    return checked(value, limits)


def checked(value: Any, limits: Limits) -> Record:
    """The value if it is an object with a bearable number of keys."""
    if not isinstance(value, dict):
        return Refused(
            f'A row must be an object such as {{"text": "..."}}, not {_KINDS.get(type(value), "a number")}.'
        )
    if len(value) > limits.columns:
        return Refused(
            f"The object has {len(value):,} keys; at most {limits.columns:,} are read. Nest or drop some."
        )
    return value


_KINDS = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}


def _explain(line: str, layout: Layout, error: orjson.JSONDecodeError) -> str:
    try:
        line.encode()
    except UnicodeEncodeError:
        return f"The line has bytes that are not {layout.encoding}. Choose the right encoding, or save the file as UTF-8."
    if line.lstrip().startswith("{") and not line.rstrip().endswith("}"):
        return f"The object is not complete ({error.msg}): each line must hold a whole one; or the file is cut off."
    return f"Not JSON: {error.msg} at character {error.pos + 1}."
