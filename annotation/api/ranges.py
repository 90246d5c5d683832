"""Parts of files by `Range` (RFC 9110, section 14): one range, from the beginning, the middle or the end."""

from __future__ import annotations

import re

_ONE = re.compile(r"bytes=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII | re.IGNORECASE)
# Longer numbers than any file has bytes are no numbers to us.
_LONGEST = 18


class Unsatisfiable(Exception):
    """Nothing of the file lies in the range."""


def is_asked(header: str, if_range: str, etag: str) -> bool:
    """Whether a part may be sent: with If-Range, only of the very file that the client has the rest of."""
    return bool(parsed(header)) and (not if_range or if_range.strip() == etag)


def parsed(header: str) -> tuple[str, str] | None:
    """Where a range begins and where it ends; None for what is none, or several, which may be ignored: all is sent then."""
    found = _ONE.fullmatch(header.strip())
    if found is None or not any(found.groups()) or max(map(len, found.groups())) > _LONGEST:
        return None
    first, last = found.groups()
    return None if first and last and int(last) < int(first) else (first, last)


def within(header: str, size: int) -> tuple[int, int]:
    """The first byte of a parsed range, and the one after its last. Raises Unsatisfiable."""
    said = parsed(header)
    assert said is not None
    first, last = said
    if not first:
        begin, end = max(size - int(last), 0), size
    else:
        begin, end = int(first), min(int(last) + 1, size) if last else size
    if begin >= end:
        raise Unsatisfiable
    return begin, end
