"""What webhooks can be told. Triggers write the events (migrations named webhooks); upper layers add theirs when they start."""

from __future__ import annotations

PING = "webhook.ping"

# Each type of event, with what it says in one line.
EVENT_TYPES: dict[str, str] = {
    "annotation.created": "Somebody answered an item. Imported answers are told by the import.",
    "annotation.revised": "Somebody replaced an answer of theirs by another one.",
    "item.resolved": "An item has all the answers that it needs.",
    "item.disputed": "The answers to an item do not settle it; an expert has to decide.",
    "item.adjudicated": "An expert decided an item.",
    "import.finished": "An import is done, failed, or was cancelled.",
    "snapshot.finished": "A snapshot is done, failed, or was cancelled.",
    "bulk_action.finished": "An action on many items is done, failed, or was cancelled.",
    "member.paused": "A member gets no items until somebody lets them go on.",
}
