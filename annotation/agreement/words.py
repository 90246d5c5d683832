"""What a coefficient means, or why there is none, in a sentence for people who are not statisticians."""

from __future__ import annotations

NO_JUDGMENTS = "There are no answers yet."
ONE_SOURCE = "Only one annotator has answered; agreement takes two."
NO_OVERLAP = "No item has answers of two annotators yet."
ONE_VALUE = "Every answer is the same, so there is nothing to tell agreement from chance by."
ONE_CHOICE = "There is only one value to choose, so any two answers agree by necessity."
NO_PAIR = "For no two annotators can it be said: on the items that they share, each always gave one and the same answer."
WIDE = 0.2


def wrong_level(title: str, level: str) -> str:
    return f"{title} is not meant for answers of the {level} level."


def percent(value: float) -> str:
    """For a coefficient that does not know of chance."""
    return f"Two answers to the same item are the same in {_percent(value)} of cases; some of that is chance."


def corrected(value: float) -> str:
    """For a coefficient that is 0 at chance and 1 when all agree; the bounds are Krippendorff's (2018)."""
    if value >= 1 - 1e-9:
        return "All answers to the same item agree."
    if value < 0:
        return "Annotators agree less than by chance: they seem to understand the question in different ways."
    share = f"Annotators agree {_percent(value)} of the way from chance to full agreement"
    if value >= 0.8:
        return f"{share}, enough to rely on single answers."
    if value >= 0.667:
        return f"{share}, enough for tentative conclusions; more answers per item make them safer."
    if value >= 0.2:
        return f"{share}, too little to rely on single answers: look at the most confused labels and the guidelines."
    return f"{share}, hardly more than chance: the question or its guidelines need work."


def certainty(low: float | None, high: float | None, n_items: int, confidence: float) -> str:
    """What the interval says."""
    items = f"{n_items:,} item{'' if n_items == 1 else 's'}"
    if low is None or high is None:
        return f"How sure that is cannot be said from {items}."
    if low == high:
        return f"It rests on {items}, all alike, so the interval cannot show how sure it is."
    digits = 2 if high - low >= 0.02 else 3
    span = f"{low:.{digits}f} to {high:.{digits}f}"
    if high - low > WIDE:
        return f"The interval is wide ({span}, {confidence:.0%}) with {items}: take the figure as a first impression."
    return f"The interval is {span} ({confidence:.0%}, {items})."


def _percent(value: float) -> str:
    """Never rounded up to all or down to none."""
    whole = round(100 * value)
    if whole == 100 and value < 1:
        return "more than 99 %"
    return "less than 1 %" if whole == 0 and value > 0 else f"{whole} %"
