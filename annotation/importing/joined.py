"""Several labels in one cell, as our exports have them."""

from __future__ import annotations

SEPARATOR = "|"


def unjoined(cell: str) -> list[str]:
    """Labels out of one cell, as exports join them: by bars, with a backslash before a bar or backslash inside a label."""
    parts, current, escaped = [], "", False
    for character in cell:
        if escaped or character not in {SEPARATOR, "\\"}:
            current, escaped = current + character, False
        elif character == "\\":
            escaped = True
        else:
            parts.append(current.strip())
            current = ""
    return [*parts, current.strip()]
