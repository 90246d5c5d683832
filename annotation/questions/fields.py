"""How the keys of an item's payload are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from annotation.errors import Fault
from annotation.questions.checks import short, text_fault

MOST_FIELDS = 200
KEYS = frozenset({"name", "type", "title"})


@dataclass(frozen=True, slots=True)
class FieldType:
    name: str
    title: str


FIELD_TYPES: dict[str, FieldType] = {
    kind.name: kind
    for kind in (
        FieldType("text", "Text"),
        FieldType("image", "Image"),
        FieldType("number", "Number"),
        FieldType("link", "Link"),
        FieldType("hidden", "Hidden"),
    )
}


def check_fields(fields: Any) -> list[Fault]:
    """The faults of a list of fields; an empty list means that everything is shown as text."""
    if not isinstance(fields, list):
        return [Fault((), "Fields are a list.")]
    if len(fields) > MOST_FIELDS:
        return [Fault((), f"There are {len(fields)} fields; at most {MOST_FIELDS} are allowed.")]
    faults: list[Fault] = []
    seen: set[str] = set()
    for position, field in enumerate(fields):
        faults += (Fault((position, *fault.path), fault.message) for fault in _check_field(field))
        name = field.get("name") if isinstance(field, dict) else None
        if isinstance(name, str) and name in seen:
            faults.append(Fault((position, "name"), f"“{short(name)}” is listed twice."))
        elif isinstance(name, str):
            seen.add(name)
    return faults


def _check_field(field: Any) -> list[Fault]:
    if not isinstance(field, dict):
        return [Fault((), 'A field is an object: {"name": "...", "type": "text"}.')]
    faults = [Fault((str(key),), f"A field has no “{short(key)}”.") for key in field.keys() - KEYS]
    if fault := text_fault(field.get("name"), most=200, least=1):
        faults.append(Fault(("name",), fault))
    kind = field.get("type", "text")
    if not isinstance(kind, str) or kind not in FIELD_TYPES:
        faults.append(
            Fault(("type",), f"There is no field type “{short(kind)}”; there are {', '.join(FIELD_TYPES)}.")
        )
    if field.get("title") is not None and (fault := text_fault(field["title"], most=200)):
        faults.append(Fault(("title",), fault))
    return faults


def normalize_fields(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "name": field["name"],
            "type": field.get("type", "text"),
            "title": (field.get("title") or "").strip() or field["name"],
        }
        for field in fields
    ]
