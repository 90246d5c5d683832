"""Whether an answer says what was suggested when its item was handed out."""

from __future__ import annotations

from typing import Any

import orjson

from annotation.services.readings import form_of, reading


def followed(turn: Any, schema_id: int, answer: dict[str, Any]) -> bool | None:
    """Whether an answer under this schema says the same as what was suggested with the turn, on every question of which
    something was; None where nothing of the suggestion is asked any more."""
    form = form_of(turn.schema_id)
    values = {name: one["value"] for name, one in orjson.loads(turn.suggested).items()}
    expected, _ = form.fit(values, set())
    said = answer if schema_id == turn.schema_id else reading(schema_id, turn.schema_id).read(answer)[0]
    same = form.right(said, expected, {})
    return all(same.values()) if same else None
