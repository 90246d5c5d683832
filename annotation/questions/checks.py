"""Small checks of untrusted JSON: each returns what is wrong in words, or nothing."""

from __future__ import annotations

import re
from typing import Any

MOST_NUMBER = 10**15

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def text_fault(value: Any, *, most: int, least: int = 0, lines: bool = False) -> str | None:
    """What keeps this from being a text of `least` to `most` characters."""
    if not isinstance(value, str):
        return "This must be text."
    if len(value) > most:
        return f"This has {len(value)} characters; at most {most} are allowed."
    if len(value.strip()) < least:
        return "This must not be empty."
    if (_CONTROL_BUT_LINES if lines else _CONTROL).search(value):
        return "This contains a control character."
    return None


def is_integer(value: Any) -> bool:
    return type(value) is int


def is_number(value: Any) -> bool:
    """A finite number of a size that databases, spreadsheets and browsers agree on; True is not a number."""
    # Not finite is not less either.
    return type(value) in (int, float) and abs(value) <= MOST_NUMBER


def short(value: Any) -> str:
    """A value of unknown size, fit to be part of a message."""
    words = value if isinstance(value, str) else repr(value)[:80]
    return words if len(words) <= 60 else f"{words[:57]}…"
