"""Patterns in linear time (Rust's regex engine, by way of polars): whether one can be used, and if not, where it is wrong."""

from __future__ import annotations

import re
from functools import lru_cache

import polars as pl
from polars.exceptions import PolarsError

MOST_CHARACTERS = 2_000
# Places in a pattern with its counted repetitions written out: what one character of text costs at most grows with them.
MOST_PLACES = 1_000
# Preparing a pattern takes time and memory as it has such places, classes of many characters ten times as much. This is of all
# patterns of a definition: about half a second.
MOST_WEIGHT = 20_000
_WIDE = 10

# An escape, a class of characters, the beginning or end of a group, a count, or any other character.
_PART = re.compile(
    r"\\[pPxuU]\{[^}]*\}|\\[pP]?.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\((?:\?[^()]*?[:>)]|\?P?<\w+>)?|\)|\{\d+(?:,\d*)?\}|.",
    re.DOTALL,
)
_MANY = re.compile(r"\\[wWpPD]")


def places(pattern: str, wide: int = 1) -> int:
    """How many characters, classes and the like it has when its counted repetitions are written out; a class of many
    characters counts as so many as `wide` says."""
    levels: list[list[int]] = [[]]
    for part in _PART.findall(pattern):
        if part.startswith("(") and not part.endswith(")"):
            levels.append([])
        elif part == ")" and len(levels) > 1:
            levels[-2:] = [[*levels[-2], sum(levels[-1])]]
        elif (count := re.fullmatch(r"\{(\d+)(?:,(\d*))?\}", part)) and levels[-1]:
            levels[-1][-1] *= max(int(count[2] or count[1]), 1)
        else:
            levels[-1].append(wide if _MANY.search(part) else 1)
    return sum(map(sum, levels))


def weight(pattern: str) -> int:
    """How much of MOST_WEIGHT it takes; nothing where it is refused for itself."""
    return places(pattern, _WIDE) if places(pattern) <= MOST_PLACES else 0


# Kept: a definition is checked again whenever it is used, and with every letter while somebody types.
@lru_cache(maxsize=2_048)
def fault(pattern: str) -> str | None:
    """Why this pattern cannot be used, with the place; None where it can."""
    if (count := places(pattern)) > MOST_PLACES:
        most = f"at most {MOST_PLACES:,} are allowed"
        return f"This pattern is too large: its repetitions written out, it has {count:,} places; {most}."
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
