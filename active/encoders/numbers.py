"""Columns of a table: numbers and dates scaled robustly, categories one-hot, and a flag for what is missing.

What a column holds is told from the sample. A number x becomes asinh((x − median) / s), with s the interquartile range over
1.35, the standard deviation of a normal distribution, so that outliers stay finite and small; a date is a number of days. Up to
32 categories have a column each (0 everywhere for one that the sample did not have), more are hashed into 64. A value that is
missing, or no number in a column of numbers, is 0 with the flag 1. Flags and categories are 0 or 1: not of unit length.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from active.encoders.types import Encoder, Floats, Load, Options, Payload, settled

DEFAULTS: Options = {"categories": 32, "buckets": 64}
# So large a part of a column's values must be numbers (dates) for the others to count as missing.
_MOSTLY = 0.9
_LONGEST = 200
_FAR = 50.0


@dataclass(frozen=True, eq=False)
class NumberEncoder(Encoder):
    """`learned`: for each field {"kind", "center", "scale", "values"}."""

    kind = "numbers"

    def encode_block(self, payloads: Sequence[Payload], load: Load | None) -> Floats:
        parts = [
            _encoded([payload.get(name) for payload in payloads], self.learned[name], self.options["buckets"])
            for name in self.fields
        ]
        return np.concatenate([np.zeros((len(payloads), 0), dtype=np.float32), *parts], axis=1)


def fit(
    sample: Sequence[Payload],
    fields: Sequence[str],
    *,
    options: Options | None = None,
    seed: int = 0,
    load: Load | None = None,
) -> NumberEncoder:
    """Learn what each column of the sample holds."""
    chosen = settled("numbers", options, DEFAULTS)
    if not fields or min(chosen["categories"], chosen["buckets"]) < 1:
        raise ValueError("The encoder 'numbers' needs fields, and at least one category and bucket.")
    learned = {name: _column([payload.get(name) for payload in sample], chosen) for name in fields}
    dimension = sum(_width(column, chosen["buckets"]) + 1 for column in learned.values())
    return NumberEncoder(tuple(fields), dimension, chosen, learned=learned)


def _column(values: Sequence[Any], options: Mapping[str, Any]) -> dict[str, Any]:
    there = [value for value in values if _category(value) is not None]
    for kind, read in _READ.items():
        known = [number for value in there if (number := read(value)) is not None]
        if known and len(known) >= _MOSTLY * len(there):
            low, center, high = np.percentile(known, [25, 50, 75])
            # Half of the values may be equal; the others then give the scale.
            scale = (high - low) / 1.35 or float(np.mean(np.abs(np.subtract(known, center)))) or 1.0
            return {"kind": kind, "center": float(center), "scale": float(scale)}
    counts = Counter(str(_category(value)) for value in there)
    if len(counts) > options["categories"]:
        return {"kind": "hashed"}
    return {"kind": "category", "values": sorted(counts)}


def _width(column: Mapping[str, Any], buckets: int) -> int:
    if column["kind"] == "category":
        return len(column["values"])
    return buckets if column["kind"] == "hashed" else 1


def _encoded(values: Sequence[Any], column: Mapping[str, Any], buckets: int) -> Floats:
    """A column's part of the vectors; the last number is the flag."""
    rows = np.zeros((len(values), _width(column, buckets) + 1), dtype=np.float32)
    if read := _READ.get(column["kind"]):
        numbers = [read(value) for value in values]
        rows[:, 1] = [number is None for number in numbers]
        plain = np.array([column["center"] if number is None else number for number in numbers], dtype=float)
        with np.errstate(over="ignore"):
            rows[:, 0] = np.clip(np.arcsinh((plain - column["center"]) / column["scale"]), -_FAR, _FAR)
        return rows
    position = {value: number for number, value in enumerate(column.get("values", ()))}
    for row, value in zip(rows, values, strict=True):
        name = _category(value)
        if name is None:
            row[-1] = 1.0
        elif column["kind"] == "hashed":
            row[zlib.crc32(name.encode(errors="replace")) % buckets] = 1.0
        elif name in position:
            row[position[name]] = 1.0
    return rows


def _category(value: Any) -> str | None:
    """What is compared as a category; None for what is missing, and for lists and objects."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int | float):
        return repr(value)
    return (value.strip()[:_LONGEST] or None) if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    if not isinstance(value, bool | int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    # Beyond this the differences of two have no square.
    return number if abs(number) < 1e150 else None


def _days(value: Any) -> float | None:
    """A date or time as days since 1970; times without a zone count as UTC."""
    if not isinstance(value, str) or len(value) < len("2020-01-01"):
        return None
    try:
        read = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    at = read if read.tzinfo else read.replace(tzinfo=UTC)
    return (at.date() - date(1970, 1, 1)).days + (
        at - at.replace(hour=0, minute=0, second=0, microsecond=0)
    ).total_seconds() / 86400


_READ = {"number": _number, "date": _days}
