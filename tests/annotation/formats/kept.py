"""A snapshot that is made, with its file in the storage."""

from __future__ import annotations

import hashlib
import io
from typing import Any

from django.core.files.base import ContentFile

from annotation.formats.layout import Layout
from annotation.formats.master import Master
from annotation.formats.registry import FORMATS
from annotation.models import Project, Snapshot
from tests.annotation.formats.masters import cut, layout, parquet, rows_of


def keep(
    project: Project, rows: str = "consensus", count: int = 30, group: int = 7, **values: Any
) -> Snapshot:
    shape: Layout = values.pop("layout", None) or layout(rows)
    body = parquet(shape, rows_of(shape, count), group)
    lines, marks = cut(FORMATS["jsonl"], Master(io.BytesIO(body)))
    manifest = {
        "project": {"name": project.name},
        "layout": shape.as_json(),
        "jsonl": {"size": len(lines), "begins": [at for at, _ in marks]},
        "parquet": {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)},
    }
    made = {
        "number": project.snapshots.count() + 1,
        "rows": shape.rows,
        "state": "done",
        "row_count": count,
        "sha256": hashlib.sha256(lines).hexdigest(),
        "size": len(body),
        "manifest": manifest,
        "created_by": project.created_by,
        "file": ContentFile(body, name="test.parquet"),
    }
    return Snapshot.objects.create(project=project, **{**made, **values})
