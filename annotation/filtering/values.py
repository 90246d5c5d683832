"""Values of conditions, read as numbers, times and words."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q
from django.utils.dateparse import parse_date, parse_datetime

from annotation.expressions import Condition
from annotation.filtering.fields import NEVER, Scope, Unfit

LOOKUPS = {"=": "in", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_OUT_OF_RANGE = "This date is out of range."
_RELATIVE = re.compile(r"-(\d{1,6})([mhdw])")


def number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise Unfit(f"“{text[:60]}” is not a number.")
    return found


def whole(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", text):
        raise Unfit(f"“{text[:60]}” is not a whole number.")
    return int(text)


def chosen(condition: Condition, choices: tuple[str, ...] | list[str]) -> list[str]:
    """The values, each one of these."""
    for value in condition.values:
        if value not in choices:
            shown = ", ".join(list(choices)[:12]) + (", …" if len(choices) > 12 else "")
            raise Unfit(f"“{value[:60]}” is none of: {shown}.")
    return list(condition.values)


def compared(name: str, condition: Condition, read: type[int] | type[float] = float) -> Q:
    """A column of numbers compared as the condition says."""
    found = [whole(value) if read is int else number(value) for value in condition.values]
    return Q(**{f"{name}__{LOOKUPS[condition.operator]}": found if condition.operator == "=" else found[0]})


def moment(scope: Scope, text: str) -> tuple[datetime, datetime]:
    """The first moment that a time names, and the first after it: the next day for a date, the same moment otherwise."""
    text = fixed(text, scope.now)
    try:
        if (only := parse_date(text)) is not None:
            return _day(only)
        exact = parse_datetime(text)
    except (ValueError, OverflowError):
        exact = None
    if exact is None or not 1 < exact.year < 9999:
        raise Unfit(
            f"“{text[:60]}” is not a time; write 2026-01-31, 2026-01-31T12:00Z, today, or -7d (m, h, d, w) for “ago”."
        )
    return (exact if exact.tzinfo else exact.replace(tzinfo=UTC),) * 2


def fixed(text: str, now: datetime) -> str:
    """A time that is meant from now on, as what it is for good: `-1h` as that moment, `today` as that day; others as they are."""
    if relative := _RELATIVE.fullmatch(text):
        ago = timedelta(**{_UNITS[relative[2]]: int(relative[1])})
        try:
            return f"{(now.astimezone(UTC) - ago).replace(tzinfo=None).isoformat()}Z"
        except OverflowError as error:
            raise Unfit(_OUT_OF_RANGE) from error
    if text.lower() in {"today", "yesterday"}:
        return (now.astimezone(UTC).date() - timedelta(days=text.lower() == "yesterday")).isoformat()
    return text


def during(name: str, scope: Scope, condition: Condition) -> Q:
    """A column of times compared as the condition says: `= 2026-01-31` is that day, `> 2026-01-31` is after it."""
    found = NEVER
    for value in condition.values:
        start, end = moment(scope, value)
        found |= _during(name, condition.operator, start, end)
    return found


def _during(name: str, operator: str, start: datetime, end: datetime) -> Q:
    if operator == "=":
        last = "lt" if end > start else "lte"
        return Q(**{f"{name}__gte": start, f"{name}__{last}": end})
    if operator == ">":
        return Q(**{f"{name}__{'gte' if end > start else 'gt'}": end})
    if operator == "<=":
        return Q(**{f"{name}__{'lt' if end > start else 'lte'}": end})
    return Q(**{f"{name}__{LOOKUPS[operator]}": start})


def _day(day: date) -> tuple[datetime, datetime]:
    if not 1 < day.year < 9999:
        raise Unfit(_OUT_OF_RANGE)
    start = datetime.combine(day, time.min, UTC)
    return start, start + timedelta(days=1)
