"""Labeled texts from files, as simulations need them. Raises CommandError with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import CommandError
from numpy.typing import NDArray

from active.encoders.types import as_text
from annotation.importing.detecting import detect
from annotation.importing.reading import read
from annotation.importing.records import FileFault, Limits, Refused, Source

Floats = NDArray[np.float32]


def read_columns(path: Path, columns: Sequence[str]) -> list[list[str]]:
    """These columns of a CSV, TSV, JSON, JSON Lines or Parquet file, each a list of texts; rows are as in the file."""
    found: list[list[str]] = [[] for _ in columns]
    try:
        with path.open("rb") as file:
            source = Source(file, path.stat().st_size)
            for number, row in enumerate(read(source, detect(source, path.name), Limits()), 1):
                if isinstance(row, Refused):
                    raise CommandError(f"{path}, row {number}: {row.message}")
                for name, values in zip(columns, found, strict=True):
                    values.append(value_of(row, name, path, number))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except FileFault as fault:
        raise CommandError(f"{path}: {fault}") from fault
    if not found[0]:
        raise CommandError(f"{path} has no rows.")
    return found


def value_of(row: dict[str, Any], name: str, path: Path, number: int) -> str:
    if name not in row:
        raise CommandError(f"{path}, row {number}: there is no column “{name}”; it has {', '.join(row)}.")
    return as_text(row[name]).strip()


def read_vectors(path: Path, rows: int, of: Path) -> Floats:
    """Embeddings that belong to the rows of a file, from a NumPy file."""
    try:
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} is no NumPy file of numbers: {error}") from error
    if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.floating):
        raise CommandError(f"{path} has to hold floats of shape (rows, dimensions).")
    if len(vectors) != rows:
        raise CommandError(
            f"{path} has {len(vectors):,} rows, but {of} has {rows:,}: they have to belong together."
        )
    return np.asarray(vectors, dtype=np.float32)


def numbered(*lists: Sequence[str]) -> tuple[list[NDArray[np.int64]], list[str]]:
    """The labels as numbers, each list an array, and what the numbers stand for, in alphabetical order."""
    names = sorted({label for labels in lists for label in labels})
    number = {name: place for place, name in enumerate(names)}
    return [np.array([number[label] for label in labels], dtype=np.int64) for labels in lists], names
