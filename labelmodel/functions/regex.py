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
    lines = message.splitlines()
    cause = next(
        (line.removeprefix("error:").strip() for line in reversed(lines) if line.startswith("error:")), ""
    )
    caret = next((line for line in lines if re.fullmatch(r"\s*\^+\s*", line)), None)
    where = f" at character {len(caret) - len(caret.lstrip()) - 3}" if caret else ""
    if "look-around" in cause:
        return f"Look-ahead and look-behind are not supported{where}: write what else must (not) be there as “not”."
    if "backreference" in cause:
        return f"Back references are not supported{where}: write the repetition out."
    if "size limit" in message:
        return "This pattern is too large: repeat less often, or split it into several rules."
    return f"This pattern cannot be read{where}: {cause or message}."
