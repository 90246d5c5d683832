"""What was said of items before an import came to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from annotation.services import hot
from annotation.services import import_answers_sql as sql
from annotation.services.import_voices import Voice


@dataclass(slots=True)
class Standing:
    """The answer that stands of one person to one item, and how it came there."""

    id: int
    answer: dict[str, Any]
    at: datetime
    is_imported: bool
    set_aside: bool


class There:
    """What was said here, or by an earlier import, of items that are not new."""

    def __init__(self, old: Sequence[int]) -> None:
        self.old = set(old)
        self.standing: dict[tuple[int, int], Standing] = {}
        self.nonces: dict[tuple[int, int], set[str]] = defaultdict(set)
        self.turns: dict[tuple[int, int], str] = {}
        if not old:
            return
        for row in hot.rows(sql.THERE, {"items": list(old)}):
            self.nonces[row.item_id, row.annotator_id].add(row.nonce)
            if row.stands:
                self.standing[row.item_id, row.annotator_id] = Standing(
                    row.id,
                    orjson.loads(row.answer),
                    row.created_at,
                    is_imported=row.nonce.startswith("import-"),
                    set_aside=row.state == "set_aside",
                )
        for row in hot.rows(sql.TURNS, {"items": list(old)}):
            self.turns[row.item_id, row.annotator_id] = row.state


def stays(stands: Standing, voice: Voice, now: datetime) -> str:
    """Why an answer that stands is not revised by this one; nothing when it is."""
    if stands.set_aside:
        return "has answered this item, and the answer was set aside; it stays so."
    if not stands.is_imported:
        return "has answered this item here; that answer stays."
    if (voice.at or now) < stands.at:
        return "has answered this item later than this; that answer stays."
    return ""
