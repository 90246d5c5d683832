"""How changes of labeling functions are told in a project's history."""

from __future__ import annotations

from annotation.reports.audit import Source, register
from annotation.reports.audit_words import Names, Recorded
from labelmodel.models import FunctionVersion

# As it is called now; where it was removed, as it was called last.
_NAME = (
    "coalesce((SELECT f.name FROM labelmodel_labelingfunction f WHERE f.id = {e}.function_id), "
    "(SELECT g.name FROM labelmodel_labelingfunctionevent g WHERE g.pgh_obj_id = {e}.function_id "
    "ORDER BY g.pgh_id DESC LIMIT 1))"
)
_MOVES = {
    "review": "submitted",
    "canary": "approved",
    "active": "activated",
    "retired": "retired",
    "refused": "refused",
}


def add() -> None:
    """Make them part of every project's history. Harmless when repeated."""
    register("function", Source("labelmodel_labelingfunctionevent", title="Labeling functions"), _function)
    versions = Source(
        "labelmodel_functionversionevent",
        digests=("definition", "tests", "canary"),
        also={"function_name": _NAME},
        title="Versions of labeling functions",
    )
    register("rule", versions, _version)
    register("table", Source("labelmodel_functiontableevent", title="Tables of labeling functions"), _table)
    register(
        "weak", Source("labelmodel_weaksettingsevent", title="Settings of labeling functions"), _settings
    )


def _function(event: Recorded, names: Names) -> str:
    what, old = f"the labeling function “{event.row['name']}”", event.before or {}
    if event.label != "update":
        return f"{'wrote' if event.label == 'insert' else 'removed'} {what}"
    if old and bool(old["stopped_at"]) != bool(event.row["stopped_at"]):
        if event.row["stopped_at"]:
            return f"stopped {what}: {event.row['stopped_reason']}"
        return f"let {what} vote again"
    return f"changed {what}"


def _version(event: Recorded, names: Names) -> str:
    row, old = event.row, event.before or {}
    what = f"version {row['number']} of the labeling function “{row.get('function_name') or 'that is gone'}”"
    if event.label != "update":
        return f"{'wrote' if event.label == 'insert' else 'removed'} {what}"
    if row["rolled_back_at"] and not (old and old["rolled_back_at"]):
        return f"rolled back {what}: {row['rolled_back_reason']}"
    if old and old["state"] != row["state"]:
        return f"{_MOVES.get(row['state'], FunctionVersion.State(row['state']).label.lower())} {what}"
    return f"tried {what} on a sample"


def _table(event: Recorded, names: Names) -> str:
    verb = {"insert": "uploaded", "delete": "removed"}.get(event.label, "changed")
    return f"{verb} the table “{event.row['name']}” for labeling functions"


def _settings(event: Recorded, names: Names) -> str:
    return "changed what labeling functions may do"
