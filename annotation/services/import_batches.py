"""One batch of an import: what was read for it, and how it becomes rows of the database, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import psycopg
from django.db import connection

from annotation.importing import copy_text
from annotation.importing.records import FileFault, MiB, Record, Refused
from annotation.importing.shaping import Shaped, Shaper
from annotation.models import Dataset

_COPY_ITEMS = (
    "COPY annotation_item (project_id, dataset_id, key, payload, digest, state, role, priority, wanted, answers,"
    " open_slots, created_at) FROM STDIN"
)
_COPY_REJECTIONS = "COPY annotation_rejection (dataset_id, row, field, message, other) FROM STDIN"
_WRITE_BYTES = 64 * 1024
# After so many rows without a single good one, the file is read in the wrong way.
HOPELESS = 1_000


@dataclass
class Batch:
    """Rows `start` + 1 to `start` + `read` of a file. `fault` says why reading cannot go on; `ended`, that it is done."""

    start: int
    most_rows: int
    most_bytes: int = 16 * MiB
    read: int = 0
    size: int = 0
    unchanged: int = 0
    rows: list[Shaped] = field(default_factory=list)
    refused: list[tuple[int, Refused]] = field(default_factory=list)
    fault: str = ""
    ended: bool = False
    _seen: dict[str, Shaped] = field(default_factory=dict)

    def fill(self, records: Iterator[Record], shaper: Shaper) -> Iterator[Shaped]:
        """Read on until the batch is full, and yield each row that can become an item."""
        # This loop is most of what an import costs in Python; hence the short way of writing it.
        shape, seen, keep = shaper.shape, self._seen, self.rows.append
        try:
            for record in records:
                self.read += 1
                row = self.start + self.read
                shaped = record if isinstance(record, Refused) else shape(record, row)
                if isinstance(shaped, Refused):
                    self.refuse(row, shaped)
                elif (earlier := seen.setdefault(shaped.key, shaped)) is shaped:
                    keep(shaped)
                    self.size += len(shaped.body) if shaped.picture is None else len(shaped.picture.data)
                    yield shaped
                else:
                    self._repeat(shaped, earlier)
                if self.read >= self.most_rows or self.size >= self.most_bytes:
                    return
            self.ended = True
        except FileFault as fault:
            self.fault = str(fault)

    def refuse(self, row: int, refused: Refused) -> None:
        self.refused.append((row, refused))
        if self.start == 0 and self.read == len(self.refused) == HOPELESS:
            raise FileFault(
                f"None of the first {HOPELESS:,} rows can be imported; the first one for this reason: "
                f"{self.refused[0][1].message} Change how the file is read."
            )

    def _repeat(self, shaped: Shaped, earlier: Shaped) -> None:
        if earlier.digest == shaped.digest:
            self.unchanged += 1
        else:
            self.refuse(
                shaped.row,
                Refused(f"Row {earlier.row:,} has the same key '{shaped.key[:80]}' with other content."),
            )


class ItemCopy:
    """Turns shaped rows into lines of COPY and sends them while the next ones are made."""

    def __init__(self, dataset: Dataset, wanted: int, now: datetime) -> None:
        self._before = f"{dataset.project_id}\t{dataset.pk}\t".encode()
        self._after = f"\topen\tpool\t0\t{wanted}\t0\t{wanted}\t{now.isoformat()}\n".encode()

    def send(self, rows: Iterator[Shaped]) -> None:
        before, after = self._before, self._after
        lines: list[bytes] = []
        size = 0
        with raw_cursor() as cursor, cursor.copy(_COPY_ITEMS) as copy:
            for _, key, body, digest, *_ in rows:
                line = b"%b%b\t%b\t\\\\x%b%b" % (
                    before,
                    copy_text.text(key),
                    copy_text.json(body),
                    digest.hex().encode(),
                    after,
                )
                lines.append(line)
                size += len(line)
                if size > _WRITE_BYTES:
                    copy.write(b"".join(lines))
                    lines.clear()
                    size = 0
            copy.write(b"".join(lines))


def send_refused(dataset: Dataset, refused: list[tuple[int, Refused]]) -> None:
    if not refused:
        return
    number = str(dataset.pk).encode()
    lines = [
        copy_text.row(
            number,
            str(row).encode(),
            _short(fault.field, 200),
            _short(fault.message, 500),
            rb"\N" if fault.other is None else str(fault.other).encode(),
        )
        for row, fault in refused
    ]
    with raw_cursor() as cursor, cursor.copy(_COPY_REJECTIONS) as copy:
        copy.write(b"".join(lines))


def existing_digests(project_id: int, keys: list[str]) -> dict[str, bytes]:
    """The digest of each of these keys that the project has."""
    with raw_cursor() as cursor:
        cursor.execute(
            "SELECT key, digest FROM annotation_item WHERE project_id = %s AND key = ANY(%s)",
            [project_id, keys],
        )
        return {key: bytes(digest) for key, digest in cursor.fetchall()}


def raw_cursor() -> psycopg.Cursor[Any]:
    """psycopg's own cursor on Django's connection: COPY, and errors by their SQL state."""
    connection.ensure_connection()
    return psycopg.Cursor(cast("psycopg.Connection[Any]", connection.connection))


def _short(value: str, most: int) -> bytes:
    """What a column of so many characters can keep of a text that may come from anywhere."""
    shown = value.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()
    return copy_text.text(shown if len(shown) <= most else shown[: most - 1] + "…")
