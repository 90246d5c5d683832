"""What a snapshot was made from and what is in it; docs/snapshots.md lists all of it."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import Any

from annotation.formats.layout import VERSION
from annotation.models import Snapshot, Split
from annotation.snapshots.counting import Counts
from annotation.snapshots.plan import Plan


def manifest_of(snapshot: Snapshot, plan: Plan, made_at: datetime, counts: Counts) -> dict[str, Any]:
    """All but the hashes. Only `made_at`, the number and the name are not of what is in it."""
    return {
        "format": VERSION,
        "software": f"querent {version('querent')}",
        "project": {"id": snapshot.project_id, "name": snapshot.project.name},
        "number": snapshot.number,
        "name": snapshot.name,
        # The moment whose state of the database it shows.
        "made_at": made_at.isoformat(),
        "rows": plan.layout.rows,
        "where": snapshot.where,
        "options": snapshot.options,
        "schema": _schema(plan),
        "label_model": counts.models(),
        **{name: supply.told for name, supply in plan.supplies.items()},
        "split": _split(snapshot.split) if snapshot.split else None,
        "counts": counts.as_json(),
        "layout": plan.layout.as_json(),
    }


def _schema(plan: Plan) -> dict[str, Any] | None:
    """The version that answers read under, and how older ones lead to it."""
    if plan.readings is None:
        return None
    chain = sorted(plan.readings.schemas.values(), key=lambda schema: schema.version)
    return {
        "version": plan.readings.current.version,
        "mappings": [{"to": schema.version, "mapping": schema.mapping} for schema in chain[1:]],
    }


def _split(split: Split) -> dict[str, Any]:
    told = {name: getattr(split, name) for name in ("name", "kind", "parts", "seed", "by", "begins")}
    return {"id": split.pk, **told}
