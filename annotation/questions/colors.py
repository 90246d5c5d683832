"""The twelve label colours. Only names are kept, so that a theme can give each enough contrast."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_HEX = re.compile(r"#[0-9a-fA-F]{6}")

# Name to a typical shade, against which a colour given as #rrggbb is compared.
SHADES = {
    "gray": "#636b75",
    "red": "#b23b3a",
    "orange": "#d9660f",
    "amber": "#d99a08",
    "lime": "#84a405",
    "green": "#05803a",
    "teal": "#017c6c",
    "cyan": "#08a0bb",
    "blue": "#1c69c1",
    "violet": "#6159bf",
    "purple": "#864bac",
    "pink": "#c83c87",
}
COLORS = tuple(SHADES)
# Neighbours in a list of labels should look different.
ROTATION = (
    "blue", "orange", "green", "purple", "red", "teal", "amber", "pink", "cyan", "lime", "violet", "gray",
)  # fmt: skip


def color_fault(value: Any) -> str | None:
    if isinstance(value, str) and (value in SHADES or _HEX.fullmatch(value)):
        return None
    return f"A colour is one of {', '.join(COLORS)}, or #rrggbb."


@lru_cache(maxsize=1024)
def named(color: str) -> str:
    """The name of a colour: its own, or the nearest one's for #rrggbb."""
    if color in SHADES:
        return color
    lightness, a, b = _oklab(color)
    if a * a + b * b < 0.0009:
        return "gray"
    # Lightness counts little: a pale and a dark blue are both blue.
    return min(COLORS[1:], key=lambda name: _distance((lightness, a, b), _oklab(SHADES[name])))


def _distance(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    return 0.1 * (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


def _oklab(color: str) -> tuple[float, float, float]:
    """Lightness and two hue axes in which equal distances look equal (Ottosson 2020)."""
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _linear(channel: float) -> float:
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)
