"""Everybody's quality beside each other: a page, and the part of the page of quality that is about people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import path

from annotation.pages import words
from annotation.pages.base import ProjectPage
from annotation.reports.people import FORMER
from annotation.roles import Action
from labelmodel.pages.drawn import AXIS, NOTHING, Figure, estimate, share
from labelmodel.reports import people
from labelmodel.reports.people import OnQuestion, Quality


@dataclass(frozen=True, slots=True)
class Row:
    """One person, ready to print."""

    quality: Quality
    former: bool
    gold: Figure
    gold_now: Figure
    estimated: Figure
    agreed: Figure
    median: str
    skips: str


# What a link of the table's head sorts by; highest first, but for names.
SORTS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.quality.person.username.lower(),
    "answered": lambda row: row.quality.person.answered,
    "gold": lambda row: row.gold.value,
    "accuracy": lambda row: row.estimated.value,
    "agreement": lambda row: row.agreed.value,
    "seconds": lambda row: row.quality.person.median_seconds,
    "skips": lambda row: row.quality.skips_per_100,
    "active": lambda row: row.quality.person.last_active,
}


@dataclass(frozen=True, slots=True)
class Head:
    """One column: its address sorts by it, or turns the order round."""

    name: str
    title: str
    query: str
    order: str
    numeric: bool = True


class People(ProjectPage):
    template = "labelmodel/people.html"
    action = Action.BROWSE
    tab = "quality"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        found = people.of_project(self.project)
        questions = [(one.question, one.title) for one in (found[0].questions if found else ())]
        names = [name for name, _ in questions]
        asked = request.GET.get("question", "")
        chosen = asked if asked in names else (names[0] if names else "")
        rows = [_row(quality, quality.on(chosen)) for quality in found]
        heads, rows = self._sorted(rows, chosen)
        runs = [one.estimated for quality in found if (one := quality.on(chosen)) and one.estimated]
        return self.render(
            fragment="labelmodel/people_table.html",
            rows=rows,
            heads=heads,
            questions=questions,
            chosen=chosen,
            axis=AXIS,
            hints=[(row.quality.person, hint) for row in rows for hint in row.quality.hints],
            fitted=runs[0] if runs else None,
            some_gold=any(row.gold.value is not None for row in rows),
            simulated=any(row.quality.person.simulated and row.quality.person.answered for row in rows),
            crumbs=[("Quality", f"/projects/{self.project.pk}/quality/"), ("People", "")],
        )

    def _sorted(self, rows: list[Row], question: str) -> tuple[list[Head], list[Row]]:
        wanted = self.request.GET.get("sort", "")
        name = wanted.removeprefix("-")
        if name not in SORTS:
            wanted = name = "answered"
        turned, by_name = wanted.startswith("-"), name == "name"
        key = SORTS[name]
        known = [row for row in rows if key(row) is not None]
        known.sort(key=key, reverse=by_name == turned)
        rows = known + [row for row in rows if key(row) is None]
        return [_head(column, title, name, turned, question) for column, title in _COLUMNS], rows


_COLUMNS = (
    ("name", "Person"),
    ("answered", "Answers"),
    ("gold", "Gold"),
    ("accuracy", "Estimated accuracy"),
    ("agreement", "Agrees"),
    ("seconds", "Median time"),
    ("skips", "Skips"),
    ("active", "Last active"),
)


def _head(column: str, title: str, sorted_by: str, turned: bool, question: str) -> Head:
    lit = column == sorted_by
    query = {"question": question, "sort": f"-{column}" if lit and not turned else column}
    rises = (column == "name") != turned
    order = ("ascending" if rises else "descending") if lit else ""
    return Head(column, title, urlencode(query), order, column not in {"name", "active"})


def _row(quality: Quality, on: OnQuestion | None) -> Row:
    skips = quality.skips_per_100
    return Row(
        quality,
        quality.person.role == FORMER,
        share(on.gold, "in all rotations") if on else NOTHING,
        share(on.gold_now) if on else NOTHING,
        estimate(on.estimated) if on else NOTHING,
        share(on.agreed) if on else NOTHING,
        words.duration(quality.person.median_seconds),
        "–" if skips is None else f"{skips:.1f}",
    )


urlpatterns = [path("projects/<int:project_id>/quality/people/", People.as_view(), name="source-quality")]
