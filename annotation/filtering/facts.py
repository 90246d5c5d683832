"""What an index knows of a payload's fields: terms for each short value, and for numbers and dates terms for the range
that they lie in, coarse and fine, so that a comparison is a few dozen terms (as in a trie; Schindler and Diepenbroek, 2008).

services/words.py makes the same terms by SQL; a test compares them.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence

# Longer texts are nobody's metadata.
LONGEST = 100
# Such that no cast of it fails.
NUMBER = r"^-?\d{1,200}(\.\d{1,200})?([eE][-+]?\d{1,2})?$"
DATE = r"^\d{4}-\d\d-\d\d"
# How many bits of a number each kind of range leaves open, from coarse to fine.
LEVELS = (60, 56, 52, 48, 44)


def number(value: str) -> float | None:
    return float(value) if re.match(NUMBER, value) and value.isascii() and "\n" not in value else None


def there(name: str) -> str:
    return f"{name}?"


def of_value(name: str, value: str) -> list[str]:
    """One of these is said of every payload that has this value in this field."""
    known = number(value)
    return [f"{name}={value}", *([] if known is None else of_range(name, "=", value))]


def of_range(name: str, operator: str, value: str) -> list[str]:
    """One of these is said of every payload whose field compares so with a number or a date; none for other texts."""
    return of_ranges(name, [(operator, value)]) or []


def of_ranges(name: str, comparisons: Sequence[tuple[str, str]]) -> list[str] | None:
    """The same for several comparisons that hold at once; None where they are not all with numbers or all with dates."""
    low, high = _place(-math.inf), _place(math.inf)
    kinds = set()
    for operator, value in comparisons:
        if (known := number(value)) is not None:
            kind, place = "n", _place(known)
        elif re.match(DATE, value):
            kind, place = "d", _place(float(value[:10].replace("-", "")))
        else:
            return None
        kinds.add(kind)
        low = max(low, place) if operator in {"=", ">", ">="} else low
        high = min(high, place) if operator in {"=", "<", "<="} else high
    if len(kinds) != 1:
        return None
    return [f"{name}{kind}{level}:{bucket}" for level, bucket in _cover(low, high)]


def _place(value: float) -> int:
    """A whole number of 64 bits for each number, in the same order."""
    [bits] = struct.unpack(">q", struct.pack(">d", value + 0.0))
    return int(bits if bits >= 0 else bits ^ 0x7FFFFFFFFFFFFFFF)


def _cover(low: int, high: int) -> list[tuple[int, int]]:
    """Ranges (level, bucket) that hold all of low to high and little else: fine ones at the ends, coarse ones between."""
    finest = LEVELS[-1]
    found: list[tuple[int, int]] = []
    start, end = low >> finest, high >> finest
    for level, coarser in zip(LEVELS[::-1], [*LEVELS[-2::-1], None], strict=True):
        if coarser is None:
            found += ((level, bucket) for bucket in range(start, end + 1))
            break
        width = 1 << (coarser - level)
        while start <= end and start % width:
            found.append((level, start))
            start += 1
        while start <= end and (end + 1) % width:
            found.append((level, end))
            end -= 1
        if start > end:
            break
        start, end = start // width, (end + 1) // width - 1
    return found
