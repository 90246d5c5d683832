"""All labeling functions beside each other, and what to write next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

from annotation.pages import quality_charts as charts
from annotation.pages import words
from annotation.pages.base import ProjectPage
from annotation.questions import QUESTION_TYPES
from annotation.questions.types import Question
from annotation.roles import Action
from labelmodel.models import FunctionVersion
from labelmodel.pages.drawn import AXIS, NOTHING, Figure, percent
from labelmodel.pages.functions_controls import shape_of
from labelmodel.reports import functions_table as report
from labelmodel.reports.functions_table import Estimate, Listed
from labelmodel.services import feedback
from labelmodel.services.feedback import Analysis, Example, Phrase, Share, Standing
from labelmodel.services.function_rules import functions_questions

State = FunctionVersion.State
# A colour for each state; the word always stands beside it.
COLORS = {
    State.DRAFT: "gray",
    State.REVIEW: "amber",
    State.CANARY: "violet",
    State.ACTIVE: "green",
    State.RETIRED: "gray",
    State.REFUSED: "red",
}


@dataclass(frozen=True, slots=True)
class Label:
    """A label as a chip."""

    value: str
    title: str
    color: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One function, ready to print. What the sample says is empty until it was asked."""

    listed: Listed
    kind: str
    icon: str
    color: str
    labels: list[Label]
    coverage: str
    overlaps: str
    conflicts: str
    accuracy: Figure
    estimated: Figure
    drift: str

    @property
    def seen(self) -> str:
        return words.count(self.listed.row.seen, "item") + " seen"


def labels_of(question: Question) -> dict[str, Label]:
    """{value: its chip} of a question's labels, in order. The first nine have number keys."""
    kind = QUESTION_TYPES[question["type"]]
    values = kind.values(question) or []
    told = kind.chips(question)
    found = {}
    for place, value in enumerate(values):
        chip = next(iter(told(kind.adopt(question, [value]))), None)
        text, color = (chip.text, chip.color) if chip else (value, "")
        found[value] = Label(value, text, color or "gray", str(place + 1) if place < 9 else "")
    return found


def figure(found: Share) -> Figure:
    """A share of labeled items, with its interval."""
    if found.share is None:
        return NOTHING
    return Figure(
        found.share,
        percent(found.share),
        f"{100 * found.low:.0f} to {100 * found.high:.0f}",
        f"{found.right:,} of {found.n:,} labeled items",
        f"{found.right:,}/{found.n:,}",
        charts.interval(AXIS, found.share, found.low, found.high),
    )


def estimated(found: Estimate | None) -> Figure:
    if found is None:
        return NOTHING
    return Figure(
        found.accuracy,
        percent(found.accuracy),
        f"{100 * found.low:.0f} to {100 * found.high:.0f}",
        f"by fit {found.run} of the label model, from about {found.judgments:,.0f} judgments",
        "",
        charts.interval(AXIS, found.accuracy, found.low, found.high),
    )


class FunctionsPage(ProjectPage):
    """Pages of labeling functions, of one question at a time."""

    action = Action.BROWSE
    tab = "functions"
    section = "functions"

    def questions(self) -> list[Question]:
        return functions_questions(self.project.schema)

    def question(self, asked: str) -> Question | None:
        """The question of this name; else the first."""
        listed = self.questions()
        return next((one for one in listed if one["name"] == asked), listed[0] if listed else None)

    def here(self, name: str = "", *numbers: int) -> str:
        return reverse(f"function{name}", args=[self.project.pk, *numbers])

    def crumbs_to(self, *further: tuple[str, str]) -> list[tuple[str, str]]:
        return [("Functions", reverse("functions", args=[self.project.pk])), *further]

    def context(self, **context: Any) -> dict[str, Any]:
        return super().context(section=self.section, waits=report.review_count(self.project), **context)


class Functions(FunctionsPage):
    """The table. It comes at once with what is kept; `?figures=1` is the same with what the sample says."""

    template = "labelmodel/functions.html"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        question = self.question(request.GET.get("question", ""))
        listed = report.listed(self.project, question=str(question["name"])) if question else []
        active = any(one.row.runs for one in listed)
        found = None
        if question and active and request.GET.get("figures"):
            found = feedback.analysis(project=self.project, question=str(question["name"]))
        chips = labels_of(question) if question else {}
        return self.render(
            fragment="labelmodel/functions_table.html",
            question=question,
            questions=[(one["name"], one.get("title") or one["name"]) for one in self.questions()],
            rows=[row(one, chips, found) for one in listed],
            analysis=found,
            active=active,
            summary=summary(found) if found else [],
            axis=AXIS,
            run=report.pending_run(self.project),
            crumbs=[("Functions", "")],
        )


def row(listed: Listed, chips: dict[str, Label], found: Analysis | None) -> Row:
    shape = shape_of(listed.version.kind)
    standing = _standing(listed, found)
    health = listed.health
    return Row(
        listed,
        shape.title,
        shape.icon,
        COLORS[State(listed.version.state)],
        [chips.get(value) or Label(value, value, "gray") for value in listed.version.votes_for],
        share(standing.coverage if standing else listed.row.hit_rate),
        share(standing.overlaps if standing else None),
        share(standing.conflicts if standing else None),
        figure(standing.accuracy) if standing else NOTHING,
        estimated(listed.estimate),
        "" if health.drift is None else f"{100 * health.drift:+.1f}",
    )


def _standing(listed: Listed, found: Analysis | None) -> Standing | None:
    standings = found.standings if found else ()
    return next((one for one in standings if one.function == listed.function.pk), None)


def share(part: float | None) -> str:
    """A share of items in words; finer where it is small, empty where nobody knows it."""
    if part is None:
        return ""
    return f"{100 * part:.1f} %" if 0.0005 <= part < 0.1 else percent(part)


def summary(found: Analysis) -> list[tuple[str, str, str]]:
    """(what, how much, of what) of all functions together."""
    of = f"of {found.sample:,} items of the pool" if found.sample < found.pool else f"of {found.pool:,} items"
    return [
        ("Covered", share(found.covered), of),
        ("In conflict", share(found.conflicts), "two functions say different labels"),
        ("Labeled by people", f"{found.labeled:,}", "what accuracy is counted on"),
    ]


@dataclass(frozen=True, slots=True)
class PhraseRow:
    label: Label
    words: str
    figure: Figure
    uncovered: int
    sample: int
    query: str


class Suggestions(FunctionsPage):
    """Words that tell a label which nothing covers, and items on which functions disagree most."""

    template = "labelmodel/functions_suggestions.html"
    section = "suggestions"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        question = self.question(request.GET.get("question", ""))
        chips = labels_of(question) if question else {}
        found = None
        if question and request.GET.get("figures"):
            found = feedback.suggestions(project=self.project, question=str(question["name"]))
        name = str(question["name"]) if question else ""
        phrases = [_phrase(one, name, chips) for one in (found.phrases if found else ())]
        return self.render(
            fragment="labelmodel/functions_suggested.html",
            question=question,
            questions=[(one["name"], one.get("title") or one["name"]) for one in self.questions()],
            found=found,
            phrases=phrases,
            disputed=[example(one, chips) for one in (found.disputed if found else ())],
            crumbs=self.crumbs_to(("Suggestions", "")),
        )


def _phrase(one: Phrase, question: str, chips: dict[str, Label]) -> PhraseRow:
    begun = {"kind": "keywords", "question": question, "label": one.label, "any": one.words}
    label, precision = chips[one.label], figure(one.precision)
    return PhraseRow(label, one.words, precision, one.uncovered, one.sample, urlencode(begun))


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """An item as an example: its text in parts, of which some are marked."""

    example: Example
    parts: list[tuple[str, bool]]
    said: Label | None
    right: list[Label] | None
    others: list[tuple[str, Label]]


def example(one: Example, chips: dict[str, Label]) -> ExampleRow:
    def chip(value: str) -> Label:
        return chips.get(value) or Label(value, value, "gray")

    return ExampleRow(
        one,
        list(_parts(one)),
        chip(one.said) if one.said is not None else None,
        None if one.right is None else [chip(value) for value in one.right],
        [(name, chip(value)) for name, value in one.others],
    )


def _parts(one: Example) -> list[tuple[str, bool]]:
    parts, at = [], 0
    for begin, end in one.marks:
        parts += [(one.text[at:begin], False), (one.text[begin:end], True)]
        at = end
    return [(text, marked) for text, marked in [*parts, (one.text[at:], False)] if text]


urlpatterns = [
    path("projects/<int:project_id>/functions/", Functions.as_view(), name="functions"),
    path(
        "projects/<int:project_id>/functions/suggestions/", Suggestions.as_view(), name="function-suggestions"
    ),
]
