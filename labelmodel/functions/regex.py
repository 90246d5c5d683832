"""Patterns in linear time (Rust's regex engine, by way of polars): whether one can be used, and if not, where it is wrong."""

from __future__ import annotations

import re

import polars as pl
from polars.exceptions import PolarsError

MOST_CHARACTERS = 2_000


def fault(pattern: str) -> str | None:
    """Why this pattern cannot be used, with the place; None where it can."""
    try:
        pl.Series([""]).str.contains(pattern)
    except PolarsError as error:
        return _told(str(error))
    return None


def _told(message: str) -> str:
    causes = [
        line.removeprefix("error:").strip() for line in message.splitlines() if line.startswith("error:")
    ]
    cause = causes[-1] if causes else ""
    where = _place(message.splitlines())
    if "look-around" in cause:
        return f"Look-ahead and look-behind are not supported{where}: say what must not be there as “not”."
    if "backreference" in cause:
        return f"Back references are not supported{where}: write the repetition out."
    if "size limit" in message:
        return "This pattern is too large: repeat less often, or split it into several rules."
    return f"This pattern cannot be read{where}: {cause or message}."


def _place(lines: list[str]) -> str:
    """Where the mark below the pattern points to; patterns of several lines are shown with their numbers."""
    for number, line in enumerate(lines):
        if number and re.fullmatch(r"\s+\^+\s*", line):
            shown = re.match(r"\s*(\d+): ", lines[number - 1])
            character = line.index("^") + 1 - (len(shown[0]) if shown else 4)
            return f" at line {shown[1]}, character {character}" if shown else f" at character {character}"
    return ""
