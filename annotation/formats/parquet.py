"""The master itself, byte for byte."""

from __future__ import annotations

from annotation.formats.base import Format, carries_all

PARQUET = Format(
    name="parquet",
    title="Parquet",
    about="Typed columns, compressed; the file that the snapshot is kept in. For pandas, polars, DuckDB, Spark.",
    ending="parquet",
    content_type="application/vnd.apache.parquet",
    lacking=carries_all,
    write=None,
)
