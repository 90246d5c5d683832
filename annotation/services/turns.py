"""What an annotator is handed: turns, why each comes, and what may be done besides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Turn:
    """A leased item, ready to show. `payload`, `draft` and `suggested` (what the latest model says of it, where the project
    shows this) are JSON text, as the database holds them."""

    id: int
    item_id: int
    key: str
    payload: str
    draft: str | None
    expires_at: datetime
    reason: str
    suggested: str | None = None

    def as_json(self) -> dict[str, Any]:
        item = {"id": self.item_id, "key": self.key, "payload": orjson.Fragment(self.payload)}
        draft = orjson.Fragment(self.draft) if self.draft else None
        return {
            "id": self.id,
            "item": item,
            "expires_at": self.expires_at,
            "reason": self.reason,
            "draft": draft,
            "suggestion": orjson.Fragment(self.suggested) if self.suggested else None,
        }


@dataclass(frozen=True, slots=True)
class Training:
    """How many of the training questions are answered."""

    done: int
    questions: int


@dataclass(frozen=True, slots=True)
class Next:
    """What an annotator may do now: ok (turns), busy (others hold the rest), finished, limit or paused.

    `warning` is what a member close to the bar is told; `training` is there while training goes on.
    """

    status: str
    turns: list[Turn]
    schema_id: int | None
    answered: int
    detail: str = ""
    warning: str = ""
    training: Training | None = None


def turn_of(row: Any, *, training: bool = False) -> Turn:
    """A row of the queue's statements as a turn; a training question is told as one, and comes without suggestion."""
    why = "Training: you are told how it should have been" if training else _why(row)
    suggested = None if training else getattr(row, "suggested", None)
    return Turn(row.id, row.item_id, row.key, row.payload, row.draft, row.expires_at, why, suggested)


def _why(row: Any) -> str:
    """Why this item is asked, in words."""
    if (note := getattr(row, "sent_back", None)) is not None:
        return f"Sent back for a second look: {note}" if note else "Sent back for a second look"
    chosen = (row.reason or "Chosen ahead of the others") if row.priority > 0 else ""
    if getattr(row, "assigned", False):
        return f"Assigned to you; {row.reason}" if chosen and row.reason else "Assigned to you"
    if not row.answers:
        return chosen or "Next in order"
    others = "one person has" if row.answers == 1 else f"{row.answers} people have"
    said = f"{others} answered it; {row.wanted} answers are wanted"
    return f"{row.reason}; {said}" if chosen and row.reason else said.capitalize()
