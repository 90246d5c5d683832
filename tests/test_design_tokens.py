"""Colours are legible: every pair that is put together reaches WCAG 2.2 AA in light and in dark."""

from __future__ import annotations

import re
from pathlib import Path

import brotli
import pytest

ROOT = Path(__file__).resolve().parent.parent
CSS = ROOT / "static" / "css"
PAIR = re.compile(r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
TOKENS = {name: colors for name, *colors in PAIR.findall((CSS / "tokens.css").read_text())}

LABELS = [
    "gray",
    "red",
    "orange",
    "amber",
    "lime",
    "green",
    "teal",
    "cyan",
    "blue",
    "violet",
    "purple",
    "pink",
]
SURFACES = ("canvas", "surface", "raised", "sunken", "hover")
TEXT, GRAPHICS = 4.5, 3.0

PAIRS = [
    *[(text, surface, TEXT) for text in ("text", "muted", "subtle", "accent") for surface in SURFACES],
    *[("text", surface, TEXT) for surface in ("pressed", "accent-bg", "accent-line")],
    ("accent", "accent-bg", TEXT),
    ("on-accent", "accent-fill", TEXT),
    ("on-accent", "accent-hover", TEXT),
    *[("line-control", surface, GRAPHICS) for surface in ("canvas", "surface", "raised", "sunken")],
    *[("focus", surface, GRAPHICS) for surface in SURFACES],
    *[("accent-fill", surface, GRAPHICS) for surface in ("canvas", "surface", "raised", "pressed")],
    *[(f"{label}-fg", surface, TEXT) for label in LABELS for surface in (f"{label}-bg", *SURFACES)],
    *[("on-solid", f"{label}-solid", TEXT) for label in LABELS],
    *[
        (f"{label}-solid", surface, GRAPHICS)
        for label in LABELS
        for surface in (f"{label}-bg", *SURFACES, "pressed")
    ],
]


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the ratio of WCAG 2.2, from 1 to 21."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_the_formula_agrees_with_known_values() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_pair_is_legible(theme: int) -> None:
    ratios = {(a, b): (contrast(TOKENS[a][theme], TOKENS[b][theme]), least) for a, b, least in PAIRS}

    assert {pair: round(ratio, 2) for pair, (ratio, least) in ratios.items() if ratio < least} == {}


def test_every_label_color_has_all_its_tokens_and_a_class() -> None:
    components = (CSS / "components.css").read_text()

    for label in LABELS:
        assert {f"{label}-{part}" for part in ("bg", "fg", "line", "solid")} <= TOKENS.keys()
        assert re.search(rf"\.c-{label}\b", components)


def test_every_property_that_is_used_is_defined() -> None:
    sheets = "".join(path.read_text() for path in CSS.glob("*.css"))
    used, defined = set(re.findall(r"var\(--([\w-]+)", sheets)), set(re.findall(r"--([\w-]+):", sheets))

    assert used - defined == set()


def test_the_shared_sheets_stay_small() -> None:
    sheets = [(CSS / f"{name}.css").read_bytes() for name in ("tokens", "base", "components")]

    assert sum(map(len, sheets)) <= 45_000
    assert sum(len(brotli.compress(sheet)) for sheet in sheets) <= 10_000


def test_no_template_carries_styles_or_scripts_of_its_own() -> None:
    inline = re.compile(r"\sstyle=|<style|<script(?![^>]*\bsrc=)|\son\w+=|hx-on|javascript:", re.IGNORECASE)
    templates = (ROOT / "templates").rglob("*.html")
    data = re.compile(r"""<script[^>]*type=["']application/json["']""")

    assert [str(path) for path in templates if inline.search(data.sub("", path.read_text()))] == []


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'id="([\w-]+)"', (ROOT / "static" / "icons" / "sprite.svg").read_text()))
    templates = (ROOT / "templates").rglob("*.html")
    named = {
        name
        for path in templates
        for name in re.findall(r'icon\.html" with name="([\w-]+)"', path.read_text())
    }

    assert named - sprite == set()
