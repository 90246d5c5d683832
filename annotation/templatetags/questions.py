"""What the templates of questions need besides the questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def points(question: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Each point of a rating's scale with its hotkey."""
    return list(zip(range(question["min"], question["max"] + 1), question["hotkeys"], strict=True))


@register.filter
def widget(question: Mapping[str, Any]) -> str:
    """The template that draws the controls of this question."""
    return f"annotation/questions/{question['type']}.html"
