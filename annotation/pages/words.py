"""Figures in words, for pages."""

from __future__ import annotations


def duration(seconds: float | None) -> str:
    """A length of time as people say it: two units at most."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 10:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{round(seconds / 3600):,} h"


def count(number: int, one: str, many: str = "") -> str:
    """'1 item', '1,200 items'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """Rounded so that neither 'none' nor 'all' is said before it is true."""
    if 0 < share < 1:
        return "under 1 %"
    return f"{min(int(share), 99) if share < 100 else 100} %"
