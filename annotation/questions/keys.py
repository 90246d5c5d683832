"""Which key is no label's: what may be one, and what the labeling page keeps for itself."""

from __future__ import annotations

from typing import Any

# Keys of the labeling page. static/js/label/keys.js uses them; a label cannot have them.
RESERVED = {
    "a": "adopting a suggestion",
    "s": "skipping",
    "f": "flagging",
    "c": "comments",
    "g": "the guidelines",
    "z": "enlarging pictures",
    "?": "help",
    "/": "searching labels",
}
# The order in which keys are given out: digits, then letters as they lie under the hand.
ORDER = tuple(key for key in "1234567890qwertyuiopasdfghjklzxcvbnm" if key not in RESERVED)


def hotkey_fault(value: Any) -> str | None:
    """What keeps this from being a label's key."""
    if not isinstance(value, str) or len(value) != 1 or not value.isprintable() or value.isspace():
        return "A hotkey is one character."
    if len(value.lower()) != 1:
        return "This character cannot be a hotkey."
    if value.lower() in RESERVED:
        return f"“{value}” is the key of {RESERVED[value.lower()]} on the labeling page."
    return None
