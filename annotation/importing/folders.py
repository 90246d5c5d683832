"""A zip of data files: a folder as Hugging Face's datasets have it, or a file for each person or part."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from annotation.importing import delimited, detecting, jsonarray, jsonlines, parquet
from annotation.importing.archives import check_directory, check_sizes, fault_of_name
from annotation.importing.datafiles import PART, is_data, split_of
from annotation.importing.records import FileFault, Layout, Limits, Record, Refused, Source

_READERS: dict[str, Callable[[Source, Layout, Limits], Iterator[Record]]] = {
    ".parquet": parquet.read,
    ".arrow": parquet.read_arrow,
    ".jsonl": jsonlines.read,
    ".ndjson": jsonlines.read,
    ".json": jsonarray.read,
    ".csv": delimited.read,
    ".tsv": delimited.read,
}


def read(source: Source, layout: Layout, limits: Limits) -> Iterator[Record]:
    """The rows of all data files, in the order of their names. Raises FileFault, which says in which file."""
    try:
        check_directory(source)
        with zipfile.ZipFile(source.file) as archive:
            entries = sorted(
                (entry for entry in archive.infolist() if not entry.is_dir() and is_data(entry.filename)),
                key=lambda entry: entry.filename,
            )
            check_sizes(entries, limits)
            yield from _rows(archive, entries, source, layout, limits)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise FileFault(
            f"The zip file cannot be read ({error}): it is cut off or damaged. Pack it again."
        ) from error


def _rows(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], source: Source, layout: Layout, limits: Limits
) -> Iterator[Record]:
    splits = {entry.filename: split_of(entry.filename) for entry in entries}
    several = len(set(splits.values())) > 1
    whole, before = max(sum(entry.file_size for entry in entries), 1), 0
    for entry in entries:
        if fault := fault_of_name(entry):
            raise FileFault(f"{entry.filename[:100]!r}: {fault}")
        split = splits[entry.filename]
        extra = {"split": split} if split and several else {}
        if not split and len(entries) > 1:
            extra = {PART: PurePosixPath(entry.filename).stem}
        for row in _rows_of(archive, entry, source, layout, limits):
            yield row if isinstance(row, Refused) else {**extra, **row}
            source.done = source.size * before // whole
        before += entry.file_size


def _rows_of(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, source: Source, layout: Layout, limits: Limits
) -> Iterator[Record]:
    suffix = PurePosixPath(entry.filename).suffix.lower()
    # Parquet is read from its end: on disk, for an unpacked file may be large.
    with tempfile.TemporaryFile() as file:
        with archive.open(entry) as packed:
            shutil.copyfileobj(packed, file, 2**20)
        inner = Source(file, entry.file_size)
        file.seek(0)
        try:
            own = replace(layout, format=suffix[1:])
            if suffix in {".csv", ".tsv"}:
                own = detecting.with_delimiter(own, detecting.sample(inner, own.encoding))
                file.seek(0)
            for row in _READERS[suffix](inner, own, limits):
                source.hints.update(inner.hints)
                yield row
        except FileFault as fault:
            raise FileFault(f"{entry.filename[:100]}: {fault}") from fault
