"""What changed between snapshots, in words."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.filter
def as_percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


@register.filter
def as_labels(value: Any) -> str:
    """One label, or those of a set."""
    if isinstance(value, list):
        return ", ".join(value) or "none of them"
    return str(value)
