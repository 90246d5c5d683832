"""CSV, TSV and their relatives."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import Any

from annotation.importing.blocks import Blocks, RowTooLong
from annotation.importing.records import FileFault, Layout, Limits, Record, Refused, Source


def read(source: Source, layout: Layout, limits: Limits) -> Iterator[Record]:
    """Each row's cells by column name; empty lines are no rows. Raises FileFault for a header that cannot be used."""
    rows = cells(source, layout, limits)
    first = next(rows, None)
    if first is None:
        raise FileFault("The file has no rows.")
    if isinstance(first, Refused):
        raise FileFault(f"The first row cannot be read. {first.message}")
    columns = column_names(first, layout, limits)
    width = len(columns)
    for row in rows if layout.header else chain([first], rows):
        if isinstance(row, Refused):
            yield row
        elif len(row) == width:
            yield dict(zip(columns, row, strict=True))
        else:
            yield _ragged(row, columns)


def cells(source: Source, layout: Layout, limits: Limits) -> Iterator[list[str] | Refused]:
    """The cells of each row that is not empty."""
    csv.field_size_limit(limits.row_bytes)
    blocks = Blocks(source, layout.encoding, limits.row_bytes)
    rows = _rows(blocks, layout)
    while True:
        try:
            for row in rows:
                blocks.row_done()
                if row:
                    yield row
        except csv.Error as error:
            # The reader has dropped this row and goes on with the next line.
            blocks.row_done()
            yield Refused(_explain(error))
        except RowTooLong:
            rows = _rows(blocks, layout)
            yield Refused(too_long(limits))
        else:
            return


def too_long(limits: Limits) -> str:
    megabytes = f"{limits.row_bytes / 2**20:g} MB"
    return f"The row is longer than {megabytes}. Split it; or close a quotation mark that was opened and never closed."


def column_names(first: list[str], layout: Layout, limits: Limits) -> list[str]:
    """The columns' names: from the first row, or counted. Raises FileFault when they cannot be told apart."""
    if len(first) > limits.columns:
        raise FileFault(
            f"The first row has {len(first):,} columns; at most {limits.columns:,} are read. Choose the right delimiter, "
            "or leave columns out."
        )
    if not layout.header:
        return [f"column_{place}" for place in range(1, len(first) + 1)]
    names = [name.strip() or f"column_{place}" for place, name in enumerate(first, 1)]
    places: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        if name in places:
            raise FileFault(
                f"Columns {places[name]} and {place} are both called '{name[:80]}'. Rename one of them in the file."
            )
        places[name] = place
    return names


def _rows(blocks: Blocks, layout: Layout) -> Iterator[list[str]]:
    # newline="": lines end at \n, \r\n or \r and keep their ends, as the csv module wants them.
    lines = chain.from_iterable(io.StringIO(block, newline="") for block in _survivor(blocks))
    options: dict[str, Any] = {"delimiter": layout.delimiter, "strict": True}
    if layout.quote:
        options["quotechar"] = layout.quote
    else:
        options |= {"quoting": csv.QUOTE_NONE, "quotechar": None}
    return csv.reader(lines, **options)


def _survivor(blocks: Blocks) -> Iterator[str]:
    """The same iterator, typed so: a generator in its place would be finished by the first RowTooLong."""
    return blocks


def _ragged(row: list[str], columns: list[str]) -> Refused:
    has, wants = f"{len(row):,} value{'' if len(row) == 1 else 's'}", f"{len(columns):,}"
    if len(row) < len(columns):
        return Refused(
            f"The row has {has}, the header names {wants}: add the missing ones; they may be empty."
        )
    return Refused(f"The row has {has}, the header names {wants}: quote values that contain the delimiter.")


def _explain(error: csv.Error) -> str:
    message = str(error)
    if "field larger" in message:
        return "A value is too long; most likely a quotation mark was opened and never closed."
    if "unexpected end of data" in message:
        return "The file ends inside a quoted value: it is cut off, or a quotation mark was never closed."
    if "expected after" in message:
        return "Text follows a closing quotation mark: double the quotation marks inside a quoted value."
    return f"The row cannot be read ({message})."
