"""Moments as files write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

_EPOCH = re.compile(r"\d{9,17}(\.\d+)?")
# Numbers beyond this count milliseconds, beyond its thousandfold microseconds; as seconds it is the year 5138.
_MOST_SECONDS = 1e11


def moment(value: Any) -> datetime | None:
    """A time with a zone (UTC where none is given), from ISO 8601, seconds or milliseconds since 1970, or a date.

    None for what is no time.
    """
    if isinstance(value, datetime):
        return _in_zone(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str):
        return _of_text(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(float(value))
    return None


def _of_text(text: str) -> datetime | None:
    if _EPOCH.fullmatch(text):
        return _of_number(float(text))
    try:
        return _in_zone(datetime.fromisoformat(text))
    except ValueError:
        return None


def _of_number(number: float) -> datetime | None:
    if not number > 0:
        return None
    while number > _MOST_SECONDS:
        number /= 1000
    try:
        return datetime.fromtimestamp(number, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _in_zone(value: datetime) -> datetime | None:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None


def seconds(value: Any) -> float | None:
    """A duration of no or more seconds; None for what is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < float("inf") else None
