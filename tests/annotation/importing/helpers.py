"""Files in memory, read by the readers."""

from __future__ import annotations

import io
from typing import Any

from annotation.importing.reading import read
from annotation.importing.records import Layout, Limits, Record, Source


def source(data: bytes) -> Source:
    return Source(io.BytesIO(data), len(data))


def rows_of(
    data: bytes | str, format: str = "csv", *, limits: Limits | None = None, **layout: Any
) -> list[Record]:
    data = data.encode() if isinstance(data, str) else data
    return list(read(source(data), Layout(format, **layout), limits or Limits()))


def small(**values: int) -> Limits:
    return Limits(**{"row_bytes": 1000, **values})
