"""Recorded changes in words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime

from annotation.models import BulkAction, Dataset, Snapshot, User

# Columns that say nothing to a person: keys, and what the trigger itself wrote.
_SILENT = {"id", "project_id", "created_at", "created_by_id", "heartbeat_at"}
# The digest of an empty list, as reports/audit.py has lists compared.
_NONE = hashlib.md5(b"[]", usedforsecurity=False).hexdigest()
_DIGESTS = {"guidelines", "description", "options", "payload", "fields", "questions", "mapping", "manifest"}
_DIGESTS |= {"definition", "tests", "canary"}
# Columns that say who somebody is.
PEOPLE = (
    *("user_id", "author_id", "closed_by_id", "owner_id", "reviewer_id"),
    *("stopped_by_id", "activated_by_id", "rolled_back_by_id"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One field: what it was and what it is. Both None where only that it changed is told."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as the database keeps it; `count` rows changed alike, and `row` is the last of them."""

    kind: str
    id: int
    at: datetime
    count: int
    label: str
    context: dict[str, Any]
    row: dict[str, Any]
    before: dict[str, Any] | None

    @property
    def user_id(self) -> int | None:
        user = self.context.get("user")
        return user if isinstance(user, int) else None


@dataclass(frozen=True, slots=True)
class Names:
    users: dict[int, User]
    items: dict[int, str]
    schemas: dict[int, int]
    # What to call the item where all events are about one.
    subject: str = ""

    def user(self, user_id: int | None) -> str:
        if user_id is None:
            return "nobody"
        found = self.users.get(user_id)
        return found.username if found else f"user {user_id}"

    def item(self, item_id: int) -> str:
        return self.subject or self.items.get(item_id, f"item {item_id}")


def tell(event: Recorded, names: Names) -> tuple[str, tuple[Change, ...]]:
    """A sentence without its subject ("retired 12 items"), and the fields that changed."""
    # Of files only that they were made: the rest are moves of their worker.
    told = event.label == "update" and event.kind not in {"file", "snapshot"}
    changes = _changes(event, names) if told else ()
    return SENTENCES[event.kind](event, names), changes


def _changes(event: Recorded, names: Names) -> tuple[Change, ...]:
    if event.before is None:
        return ()
    old, new = event.before, event.row
    fields = [field for field in new if not field.startswith("pgh_") and field not in _SILENT]
    return tuple(
        _change(field, old.get(field), new[field], names) for field in fields if old.get(field) != new[field]
    )


def _change(field: str, before: Any, after: Any, names: Names) -> Change:
    name = field.removesuffix("_id").replace("_", " ")
    if field in _DIGESTS:
        return Change(name, None, None)
    return Change(name, _value(field, before, names), _value(field, after, names))


def _value(field: str, value: Any, names: Names) -> str:
    if value is None or value == "":
        return "nothing"
    if field == "schema_id":
        return f"version {names.schemas[value]}" if value in names.schemas else f"schema {value}"
    if field in PEOPLE:
        return names.user(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.endswith("_at"):
        return date_format(localtime(datetime.fromisoformat(value)), "Y-m-d H:i:s T")
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _project(event: Recorded, names: Names) -> str:
    old, new = event.before or {}, event.row
    if event.label == "insert":
        return f"created the project “{new['name']}”"
    if event.label == "delete":
        return "deleted the project"
    if old and bool(old.get("archived_at")) != bool(new["archived_at"]):
        return "archived the project" if new["archived_at"] else "brought the project back from the archive"
    return "changed the project"


def _membership(event: Recorded, names: Names) -> str:
    who = names.user(event.row["user_id"])
    verbs = {
        "insert": f"added {who} as {event.row['role']}",
        "delete": f"removed {who} ({event.row['role']})",
    }
    return verbs.get(event.label, f"changed {who}'s membership")


def _schema(event: Recorded, names: Names) -> str:
    verb = {"insert": "added", "delete": "deleted"}.get(event.label, "changed")
    note = f": {event.row['note']}" if event.row["note"] else ""
    return f"{verb} version {event.row['version']} of the schema{note}"


def _dataset(event: Recorded, names: Names) -> str:
    verb = {"insert": "uploaded", "delete": "deleted"}.get(event.label)
    state = Dataset.State(event.row["state"]).label.lower()
    return f"{verb} the dataset “{event.row['name']}”" if verb else f"dataset “{event.row['name']}”: {state}"


def _file(event: Recorded, names: Names) -> str:
    if event.label == "insert":
        return {"delete": "asked for the project to be deleted"}.get(
            event.row["kind"], "asked for the project as a file"
        )
    if event.label == "delete":
        return "deleted a file of the project"
    if event.row["kind"] == "restore":
        return f"restored the project from a file with the SHA-256 {event.row['sha256']}"
    return f"wrote the project to a file with the SHA-256 {event.row['sha256']}"


def _bulk(event: Recorded, names: Names) -> str:
    row = event.row
    what = BulkAction.Action(row["action"]).label.lower()
    if row["parameters"].get("tag"):
        what += f" “{row['parameters']['tag']}”"
    if row["parameters"].get("people"):
        what += f" ({', '.join(row['parameters']['people'][:5])})"
    if event.label == "insert":
        return f"asked for a bulk action: {what}, {_of_items(row)}"
    if event.label == "delete":
        return f"deleted a bulk action: {what}"
    ended = BulkAction.State(row["state"]).label.lower()
    return f"bulk action {ended}: {what}, {row['changed']:,} items changed"


def _snapshot(event: Recorded, names: Names) -> str:
    row = event.row
    what = f"snapshot {row['number']}" + (f" “{row['name']}”" if row["name"] else "")
    if event.label == "insert":
        return f"asked for {what}"
    if event.label == "delete":
        return f"deleted {what}" + (f" with the SHA-256 {row['sha256']}" if row["sha256"] else "")
    ended = Snapshot.State(row["state"]).label.lower()
    return f"{what} {ended}" + (f": {row['row_count']:,} rows" if row["state"] == "done" else "")


def _of_items(row: dict[str, Any]) -> str:
    if row["where"]:
        return f"items with {row['where'][:200]}"
    return "all items" if row["items"] == _NONE else "chosen items"


def _tag(event: Recorded, names: Names) -> str:
    verb = {"insert": "made", "delete": "deleted"}.get(event.label, "renamed")
    return f"{verb} the tag “{event.row['name']}”"


def _view(event: Recorded, names: Names) -> str:
    verb = {"insert": "saved", "delete": "deleted"}.get(event.label, "changed")
    return f"{verb} the view “{event.row['name']}”"


def _item(event: Recorded, names: Names) -> str:
    what = f"{event.count:,} items" if event.count > 1 else names.subject or f"item {event.row['key']}"
    if event.label == "delete":
        return f"deleted {what}"
    if event.row["state"] == "retired":
        return f"retired {what}"
    if event.before and event.before["state"] == "retired":
        return f"brought {what} back"
    return f"changed {what}"


def _gold(event: Recorded, names: Names) -> str:
    one = event.count == 1
    what = names.item(event.row["item_id"]) if one else f"{event.count:,} items"
    verbs = {
        "insert": f"made {what} {'a gold question' if one else 'gold questions'}",
        "delete": f"made {what} {'an ordinary item' if one else 'ordinary items'} again",
    }
    if event.before and event.before["holdout"] != event.row["holdout"]:
        return f"kept {what} from people, as holdout" if event.row["holdout"] else f"gave {what} to people"
    return verbs.get(event.label, f"changed the known answer of {what}")


def _flag(event: Recorded, names: Names) -> str:
    item = names.item(event.row["item_id"])
    if event.label == "insert":
        return f"flagged {item}" + (f": {event.row['reason']}" if event.row["reason"] else "")
    if event.row["closed_at"]:
        return f"closed the flag of {names.user(event.row['author_id'])} on {item}"
    return f"{'deleted' if event.label == 'delete' else 'changed'} a flag on {item}"


def _webhook(event: Recorded, names: Names) -> str:
    row, old = event.row, event.before or {}
    what = f"the webhook to {row['url']}"
    if event.label != "update":
        return f"{'made' if event.label == 'insert' else 'removed'} {what}"
    if old and old["active"] != row["active"]:
        why = f": {row['off_reason']}" if row["off_reason"] else ""
        return f"switched {what} {'on' if row['active'] else 'off'}{why}"
    if old and old["old_secret_until"] != row["old_secret_until"]:
        return f"made a new secret for {what}"
    return f"changed {what}"


Sentence = Callable[[Recorded, Names], str]
# Layers above add theirs: audit.register.
SENTENCES: dict[str, Sentence] = {
    "bulk": _bulk,
    "dataset": _dataset,
    "file": _file,
    "flag": _flag,
    "gold": _gold,
    "item": _item,
    "membership": _membership,
    "project": _project,
    "schema": _schema,
    "snapshot": _snapshot,
    "tag": _tag,
    "view": _view,
    "webhook": _webhook,
}
