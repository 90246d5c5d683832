"""What the database itself records: who changed which row, when, and from where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pghistory
import pgtrigger

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
IMMUTABLE = pgtrigger.Protect(name="immutable", operation=pgtrigger.Update)


def audited(*events: Any, **options: Any) -> Callable[[type], type]:
    """Record every insert, update and delete (or only these events) by trigger, so that bulk changes cannot escape."""
    chosen = events or (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
    return pghistory.track(*chosen, context_field=pghistory.ContextJSONField(), **options)  # type: ignore[no-any-return]
