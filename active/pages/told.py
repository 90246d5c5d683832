"""Learning in words and figures as several pages print it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from active.models import ModelVersion
from active.names import STRATEGIES
from active.pages import drawn
from active.pages.drawn import Given, Plot
from active.reports import titles
from active.reports.curve import Point
from active.reports.rounds import PHASES, Next, Told
from annotation.models import Project
from annotation.pages import words
from annotation.questions.types import Question
from labelmodel.pages.drawn import chips, percent

JUDGED = {
    "holdout": "on the holdout",
    "random": "out of fold, on items drawn at random",
    "labeled": "out of fold, on what is labeled",
}
STATES = {
    "promoted": "c-green",
    "refused": "c-red",
    "candidate": "",
    "retired": "c-gray",
    "done": "c-green",
    "failed": "c-red",
    "cancelled": "c-amber",
}


def color_of(state: str) -> str:
    """The class of a badge that tells a state; what is under way is blue."""
    return STATES.get(state, "c-blue badge-dot")


def span(value: float, low: float | None, high: float | None) -> str:
    """A share with its interval in per cent: 81.0 % (75.0 to 86.0)."""
    if low is None or high is None:
        return f"{100 * value:.1f} %"
    return f"{100 * value:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def accuracy(point: Point | None) -> dict[str, str]:
    """The latest point of the curve in words."""
    if point is None:
        return {"accuracy": "", "accuracy_range": "", "judged": ""}
    return {
        "accuracy": f"{100 * point.accuracy:.1f} %",
        "accuracy_range": f"{100 * point.low:.1f} to {100 * point.high:.1f} %",
        "judged": JUDGED.get(point.judged_on, point.judged_on),
    }


def plus_minus(found: Mapping[str, Any], digits: int) -> str:
    """A mean with its standard error, where it has one."""
    error = found.get("se")
    return f"{found['mean']:,.{digits}f}" + ("" if error is None else f" ± {error:,.{digits}f}")


def next_words(found: Next) -> str:
    """When the next round starts by itself."""
    if found.rests_until:
        return "The last round did not end well; another one starts by itself ten minutes after it, or now by the button."
    if not found.needed:
        return "The first round starts within seconds, as soon as there are items to choose from."
    clock = ", or by the clock" if found.due_at else ""
    if not found.left:
        return "Enough new answers are there: the next round starts within seconds."
    answers = words.count(found.left, "more answer")
    return f"The next round starts by itself after {answers}{clock}."


def curve_plot(points: Sequence[Point], target: float | None) -> Plot | None:
    """The learning curve beside choice at random."""
    own = [
        Given(
            one.labels,
            one.accuracy,
            one.low,
            one.high,
            f"Round {one.round}: {span(one.accuracy, one.low, one.high)} with {one.labels:,} labels, judged {JUDGED.get(one.judged_on, one.judged_on)}",
            one.judged_on != "holdout",
        )
        for one in points
    ]
    chance = [
        Given(
            one.labels,
            one.random.accuracy,
            one.random.low,
            one.random.high,
            f"Random: {span(one.random.accuracy, one.random.low, one.random.high)} with {one.labels:,} labels",
            True,
        )
        for one in points
        if one.random
    ]
    return drawn.plot([("At random", "gray", chance, True), ("This queue", "teal", own, False)], goal=target)


@dataclass(frozen=True, slots=True)
class Predicted:
    """Which labels the pool is predicted to have."""

    rows: list[tuple[list[tuple[str, str]], str, str, float]]
    more: int
    rest: str


def predicted(question: Question | None, found: dict[str, float]) -> Predicted | None:
    """(chips, colour, per cent, width of the bar) of each label, most frequent first."""
    if not found:
        return None
    shown, more, rest = drawn.shares(found)
    rows = []
    for one in shown:
        looks = label_chips(question, one.label)
        rows.append((looks, looks[0][1], percent(one.share), one.width))
    return Predicted(rows, more, percent(rest) if more else "")


def label_chips(question: Question | None, label: str) -> list[tuple[str, str]]:
    """(title, colour) of a label; as it stands where the question does not know it."""
    found = chips(question, (label,)) if question else []
    return [(text, color or "gray") for text, color in found] or [(label, "gray")]


def value_chips(question: Question | None, value: Any) -> list[tuple[str, str]]:
    """The same of a predicted value, which may be a set."""
    labels = value if isinstance(value, list) else [value]
    return [chip for label in labels for chip in label_chips(question, str(label))]


def question_of(project: Project, name: str) -> Question | None:
    asked = project.schema.questions if project.schema else ()
    return next((one for one in asked if one["name"] == name), None)


def round_figures(question: Question | None, found: Told | None) -> dict[str, Any]:
    """The drawings of what a round wrote down."""
    figures = found.figures if found else {}
    scores = figures.get("scores") or {}
    return {
        "histogram": drawn.histogram("Scores of the pool", "items", scores),
        "histogram_what": scores.get("what", ""),
        "predicted": predicted(question, figures.get("predicted") or {}),
        "advice": figures.get("advice"),
        "needed": figures.get("needed"),
        "rivals": figures.get("rivals"),
    }


def timings(found: Told) -> list[tuple[str, str, float]]:
    """(phase, how long, share of the whole in per cent) of a round."""
    total = sum(found.timings.values()) or 1.0
    return [
        (title, words.duration(found.timings[phase]), round(100 * found.timings[phase] / total, 2))
        for phase, (title, _) in PHASES.items()
        if phase in found.timings
    ]


def accuracy_of(model: ModelVersion) -> dict[str, str]:
    """{where it was judged: accuracy with its interval} of a model."""
    told = {}
    for name in ("holdout", "cross_validated", "random"):
        scores = (model.metrics or {}).get(name) or {}
        if found := scores.get("accuracy") or scores.get("exact"):
            told[name] = span(found["value"], found.get("low"), found.get("high"))
    return told


def strategies() -> list[tuple[str, str]]:
    return [(name, titles.strategy(name)) for name in STRATEGIES]
