"""How far imports are, and what they rejected."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from annotation.models import Dataset

SHOWN_REJECTIONS = 100
_LINES_AT_ONCE = 1_000
# What spreadsheet programs would run as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Progress:
    """`share` from 0 to 1, by the size of the file; rows per second since the start; seconds left, where known."""

    share: float
    rate: float | None
    remaining: float | None


def progress(dataset: Dataset) -> Progress:
    share = (
        1.0 if dataset.state == Dataset.State.DONE else min(dataset.bytes_read / max(dataset.size, 1), 1.0)
    )
    end = dataset.finished_at or dataset.heartbeat_at
    if not (dataset.started_at and end and dataset.rows_read):
        return Progress(share, None, None)
    seconds = max((end - dataset.started_at).total_seconds(), 0.001)
    remaining = seconds * (1 - share) / share if dataset.is_pending and share > 0 else None
    return Progress(share, dataset.rows_read / seconds, remaining)


def listed(dataset: Dataset) -> int:
    """How many faults are told: rejected rows, near-duplicates that were left out, answers and predictions that were refused."""
    told = dataset.rows_rejected or dataset.rows_alike or dataset.report
    return dataset.rejections.count() if told else 0


def rejections_as_csv(dataset: Dataset) -> Iterator[str]:
    """file, row, field, message: a line for each rejected row, in blocks."""
    out = io.StringIO(newline="")
    lines = csv.writer(out)
    lines.writerow(["file", "row", "field", "message"])
    rows = dataset.rejections.values_list("row", "field", "message")
    for count, (row, field, message) in enumerate(rows.iterator(chunk_size=_LINES_AT_ONCE), 1):
        lines.writerow([_plain(dataset.source_name), row, _plain(field), _plain(message)])
        if count % _LINES_AT_ONCE == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
