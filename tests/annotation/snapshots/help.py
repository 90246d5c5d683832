"""Projects with answers, and snapshots of them made at once."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
from django.core.files.storage import default_storage
from django.utils import timezone

from annotation.formats import jsonl
from annotation.formats.layout import Layout
from annotation.models import Consensus, Item, Project, Snapshot, Split
from annotation.services import snapshots
from annotation.services.snapshot_choices import Choice
from annotation.snapshots import making


def asked(project: Project, *, split: Split | None = None, **choice: Any) -> Snapshot:
    """A snapshot that waits, asked for by the project's owner."""
    return snapshots.create(project=project, by=project.created_by, choice=Choice(**choice), split=split)


def made(project: Project, *, split: Split | None = None, **choice: Any) -> Snapshot:
    """A snapshot that is done."""
    snapshot = asked(project, split=split, **choice)
    making.run(snapshot_id=snapshot.pk)
    snapshot.refresh_from_db()
    assert snapshot.state == "done", snapshot.error
    return snapshot


def table(snapshot: Snapshot) -> Any:
    with default_storage.open(snapshot.file.name) as stream:
        return pq.read_table(io.BytesIO(stream.read()))


def lines(snapshot: Snapshot) -> bytes:
    rows = table(snapshot)
    return jsonl.lines(rows, Layout.of_file(rows.schema))


def rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(snapshot).splitlines()]


def agree(
    item: Item,
    question: str = "sentiment",
    value: Any = "positive",
    *,
    confidence: float = 0.9,
    **values: Any,
) -> Consensus:
    """What the votes on an item amount to."""
    defaults = {
        "distribution": {value: confidence} if isinstance(value, str) else {},
        "entropy": 0.1,
        "votes": 1,
        "unanimous": True,
        "method": "majority",
        "kinds": ["person"],
        "schema_id": item.project.schema_id,
        "updated_at": timezone.now(),
    }
    return Consensus.objects.create(
        project=item.project,
        item=item,
        question=question,
        value=value,
        confidence=confidence,
        **defaults | values,
    )
