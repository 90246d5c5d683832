"""How far the answers can be relied on: disputes, agreement, gold, calibration; people's part is a fragment of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

from annotation.filtering import quoted
from annotation.models import Project
from annotation.pages import quality_charts as charts
from annotation.pages.base import ProjectPage
from annotation.pages.charts import Chart, bar_chart
from annotation.reports import agreement, quality
from annotation.reports.agreement_figures import (
    AgainstConsensus,
    Measured,
    OnQuestion,
    Pairs,
    Part,
    compared,
)
from annotation.reports.quality import GoldShare, Quality
from annotation.reports.suggestions import Followed
from annotation.roles import Action
from annotation.tasks import latest_agreement

FRAGMENT = "annotation/quality_agreement.html"


@dataclass(frozen=True)
class Drawn:
    """A figure with its interval, in words and as a drawing."""

    name: str
    words: str
    meaning: str
    picture: charts.Interval | None
    counts: tuple[int, ...]
    chosen: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a heat map; `small` stands below its text, `note` is what a reader hears or sees beside it."""

    text: str
    shade: str
    note: str = ""
    small: str = ""


class QualityPage(ProjectPage):
    template = "annotation/quality.html"
    action = Action.BROWSE
    tab = "quality"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        latest = latest_agreement(self.project)
        shown = self._agreement(latest)
        if request.htmx:  # type: ignore[attr-defined]
            return self.render(fragment=FRAGMENT, **shown)
        found = quality.of_project(self.project)
        return self.render(fragment=FRAGMENT, **shown, **self._rest(found))

    def _agreement(self, latest: agreement.Latest) -> dict[str, Any]:
        figures = latest.figures
        questions = list(figures.questions) if figures else []
        chosen = next(
            (one for one in questions if one.name == self.request.GET.get("question")),
            questions[0] if questions else None,
        )
        return {
            "latest": latest,
            "figures": figures,
            "compared": compared(self.project),
            "questions": questions,
            "query": urlencode({"question": chosen.name}) if chosen else "",
            "asked": _question(self.project, chosen) if chosen else None,
        }

    def _rest(self, found: Quality) -> dict[str, Any]:
        return {
            "quality": found,
            "overlap_chart": _overlap(found),
            "gold": [_gold(one) for one in found.gold],
            "gold_axis": charts.Axis(0.0, 1.0, (0.0, 0.5, 1.0)),
            "followed": [_followed(one) for one in (found.suggestions.all, *found.suggestions.people)]
            if found.suggestions
            else [],
            "diagrams": [
                {"found": one, "dots": charts.reliability(one), "color": color, "title": title}
                for one, color, title in zip(
                    found.calibration,
                    ("blue", "orange"),
                    ("Against gold questions", "Against experts' decisions"),
                    strict=False,
                )
            ],
        }


def _question(project: Project, found: OnQuestion) -> dict[str, Any]:
    axis = charts.axis_of([one.low if one.low is not None else one.value for one in found.measured])
    part_axis = charts.axis_of([part.measured.low for part in (*found.datasets, *found.over_time)])
    return {
        "found": found,
        "axis": axis,
        "coefficients": [_drawn(axis, one) for one in found.measured],
        "part_axis": part_axis,
        "datasets": [_part(part_axis, part) for part in found.datasets],
        "over_time": [_part(part_axis, part) for part in found.over_time],
        "course": charts.course(
            [
                (part.name, part.measured.value, part.measured.low, part.measured.high)
                for part in found.over_time
            ]
        )
        if found.over_time
        else None,
        "pairs": _pairs(found.pairs),
        "confused": [(one, _where(project, found.name, one.first)) for one in found.confused],
        "against": _against(found.against) if found.against else None,
        "same": _percent(found.against.same / found.against.n_judgments) if found.against else "",
    }


def _drawn(axis: charts.Axis, one: Measured) -> Drawn:
    return Drawn(
        one.title,
        charts.span(one.value, one.low, one.high),
        one.meaning,
        charts.interval(axis, one.value, one.low, one.high),
        (one.n_items, one.n_judgments, one.n_sources),
        one.chosen,
    )


def _part(axis: charts.Axis, part: Part) -> Drawn:
    one = part.measured
    return Drawn(
        part.name,
        charts.span(one.value, one.low, one.high),
        one.meaning if one.value is None else "",
        charts.interval(axis, one.value, one.low, one.high),
        (one.n_items, one.n_judgments),
    )


def _pairs(found: Pairs) -> list[tuple[str, list[Cell | None]]]:
    """Each person's row of the matrix; None on the diagonal."""
    cells: dict[tuple[str, str], Cell] = {}
    for pair in found.pairs:
        percent = "" if pair.percent is None else f", {_percent(pair.percent)} alike"
        note = f"{pair.n_items} item{'' if pair.n_items == 1 else 's'}{percent}"
        text = "–" if pair.value is None else f"{pair.value:.2f}"
        cells[pair.first, pair.second] = Cell(text, charts.shade(pair.value), note, f"{pair.n_items:,}")
    none = Cell("", "", "no item in common")
    return [
        (
            row,
            [
                None if row == column else cells.get((row, column)) or cells.get((column, row)) or none
                for column in found.people
            ],
        )
        for row in found.people
    ]


def _against(found: AgainstConsensus) -> list[tuple[str, list[Cell], int]]:
    """Rows by consensus: how many answers said what, shaded by their share of the row."""
    rows = []
    for title, counts in zip(found.titles, found.counts, strict=True):
        total = sum(counts)
        cells = [
            Cell(
                f"{count:,}" if count else "",
                charts.shade(count / total) if count else "",
                _percent(count / total) if count else "",
            )
            for count in counts
        ]
        rows.append((title, cells, total))
    return rows


def _where(project: Project, question: str, label: str) -> str:
    """The data table: where people disagree and some say this."""
    address = reverse("items", args=[project.pk])
    where = f"label.{question} = {quoted(label)} and agreement.{question} = disagree"
    return f"{address}?{urlencode({'where': where})}"


def _gold(one: GoldShare) -> Drawn:
    axis = charts.Axis(0.0, 1.0)
    return Drawn(
        f"{one.title} (training)" if one.training else one.title,
        f"{_percent(one.share)} ({100 * one.low:.0f} to {_percent(one.high)})",
        "",
        charts.interval(axis, one.share, one.low, one.high),
        (one.right, one.n, one.items),
    )


def _followed(one: Followed) -> Drawn:
    axis = charts.Axis(0.0, 1.0)
    words = f"{_percent(one.share)} ({100 * one.low:.0f} to {_percent(one.high)})"
    picture = charts.interval(axis, one.share, one.low, one.high)
    return Drawn(one.name, words, "", picture, (one.followed, one.shown))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _overlap(found: Quality) -> Chart | None:
    counts = [
        (f"{judgments} answer{'' if judgments == 1 else 's'}", items)
        for judgments, items, _ in found.overlap.by_judgments
    ]
    return (
        bar_chart("Answers that settled items have", "items", counts, every=1, slots=max(8, len(counts)))
        if counts
        else None
    )


urlpatterns = [path("projects/<int:project_id>/quality/", QualityPage.as_view(), name="quality")]
