"""Values in the text form of PostgreSQL's COPY."""

from __future__ import annotations

_SPECIAL = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
)


def text(value: str) -> bytes:
    """Any string without NUL."""
    if value.isprintable() and "\\" not in value:
        return value.encode()
    return value.translate(_SPECIAL).encode()


def json(body: bytes) -> bytes:
    """Compact JSON, in which control characters are escaped already, so that only backslashes are special."""
    return body.replace(b"\\", b"\\\\")


def row(*values: bytes) -> bytes:
    """One line of values that are in COPY's form already."""
    return b"\t".join(values) + b"\n"
