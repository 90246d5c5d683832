"""Figures of people as pages print them: words, and positions for the drawings."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.pages import quality_charts as charts
from annotation.pages.quality_charts import Axis, Interval
from annotation.questions import QUESTION_TYPES
from annotation.questions.types import Question
from labelmodel.reports.people import Estimated, Share

# Shares of answers that are right.
AXIS = Axis(0.0, 1.0, (0.0, 0.5, 1.0))


@dataclass(frozen=True, slots=True)
class Figure:
    """A share with its 95 % interval. `value` is for sorting, `range` the words for the interval, `note` what it rests on."""

    value: float | None
    words: str = "–"
    range: str = ""
    note: str = ""
    count: str = ""
    picture: Interval | None = None


NOTHING = Figure(None)


def percent(share: float) -> str:
    """Never 0 or 100 before it is true."""
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def share(found: Share, what: str = "") -> Figure:
    if found.share is None:
        return NOTHING
    return Figure(
        found.share,
        percent(found.share),
        f"{100 * found.low:.0f} to {100 * found.high:.0f}",
        " ".join(filter(None, (f"{found.right:,} of {found.n:,}", what))),
        f"{found.right:,}/{found.n:,}",
        charts.interval(AXIS, found.share, found.low, found.high),
    )


def estimate(found: Estimated | None) -> Figure:
    if found is None:
        return NOTHING
    return Figure(
        found.accuracy,
        percent(found.accuracy),
        f"{100 * found.low:.0f} to {100 * found.high:.0f}",
        f"from {found.judgments:,.0f} judgment{'' if round(found.judgments) == 1 else 's'}",
        "",
        charts.interval(AXIS, found.accuracy, found.low, found.high),
    )


def label_titles(question: Question) -> dict[str, str]:
    """{label: its title} of a question."""
    return {label["value"]: label.get("title") or label["value"] for label in question.get("labels", ())}


def chips(question: Question, labels: tuple[str, ...]) -> list[tuple[str, str]]:
    """(title, colour) of labels, as chips show them."""
    kind = QUESTION_TYPES[question["type"]]
    value = kind.adopt(question, list(labels))
    return [(chip.text, chip.color) for chip in kind.chips(question)(value)] if value is not None else []
