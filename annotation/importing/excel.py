"""Spreadsheets: Excel (xlsx, xlsb, xls) and OpenDocument. One sheet is read, as values; formulas by what they came to."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import Any

from annotation.importing.archives import check_directory
from annotation.importing.delimited import column_names
from annotation.importing.records import FileFault, Layout, Limits, MiB, Record, Source

# A sheet is in memory as a whole; unpacked it may not be larger than this.
_MOST_BYTES = 1024 * MiB


def read(source: Source, layout: Layout, limits: Limits) -> Iterator[Record]:
    """Each row's cells by column name; empty rows are no rows. Raises FileFault for a sheet that is not there."""
    from python_calamine import CalamineError, CalamineWorkbook

    _check_size(source)
    try:
        book = CalamineWorkbook.from_filelike(source.file)
        source.hints["sheets"] = list(book.sheet_names)
        name = layout.sheet or next(iter(book.sheet_names), "")
        if name not in book.sheet_names:
            known = ", ".join(f"'{one}'" for one in book.sheet_names[:20])
            raise FileFault(f"There is no sheet '{name[:80]}'; there are {known}.")
        sheet = book.get_sheet_by_name(name)
        # Not from the first cell that is used: columns keep their places.
        rows = (row for row in sheet.to_python(skip_empty_area=True) if any(cell != "" for cell in row))
        total = max(sheet.height, 1)
    except (CalamineError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise FileFault(
            f"The spreadsheet cannot be read: {error}. It may be cut off, damaged or encrypted."
        ) from error
    first = next(rows, None)
    if first is None:
        raise FileFault(f"The sheet '{name[:80]}' has no rows. Choose another sheet.")
    columns = column_names([_as_name(cell) for cell in first], layout, limits)
    for place, row in enumerate(rows if layout.header else chain([first], rows), 1):
        yield {column: _value(cell) for column, cell in zip(columns, row, strict=False)}
        source.done = source.size * place // total


def _check_size(source: Source) -> None:
    """Refuse a packed sheet that would fill the memory."""
    source.file.seek(0)
    if source.file.read(4) != b"PK\3\4":
        source.file.seek(0)
        return
    check_directory(source)
    try:
        with zipfile.ZipFile(source.file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise FileFault(f"The spreadsheet cannot be read ({error}): it is cut off or damaged.") from error
    if size > _MOST_BYTES:
        raise FileFault(
            f"Unpacked, the spreadsheet has {size / MiB:,.0f} MB; that is too much. Save it as CSV."
        )
    source.file.seek(0)


def _as_name(cell: Any) -> str:
    value = _value(cell)
    return "" if value is None else str(value)


def _value(cell: Any) -> Any:
    """2 for 2.0; times as ISO 8601 texts; None for an empty cell."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    return None if cell == "" else cell
