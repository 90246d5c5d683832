"""The queue inspector: what comes next and why; and how alike two choices are."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.http import urlencode

from active.pages import told
from active.pages.base import PAGE, LearningPage
from active.reports import queue as report
from active.reports import selections, standing
from active.reports.selections import Side
from annotation.errors import InvalidInput
from annotation.pages.payloads import media_url


class Queue(LearningPage):
    template = "active/queue.html"
    section = "queue"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        found = standing.of(self.project)
        question = found.question
        name = question["name"] if question else ""
        place, before = request.GET.get("after", ""), _places_before(request)
        try:
            rows = report.listed(project=self.project, question=name, after=place, limit=PAGE + 1)
        except InvalidInput:
            place, before = "", 0
            rows = report.listed(project=self.project, question=name, limit=PAGE + 1)
        shown = rows[:PAGE]
        return self.render(
            standing=found,
            length=report.length(self.project),
            most_counted=report.MOST_COUNTED,
            rows=[
                (
                    before + place_in_queue,
                    one,
                    media_url(self.project.pk, one.excerpt.image),
                    told.value_chips(question, one.predicted.value) if one.predicted else [],
                    [(near, told.label_chips(question, near.label)) for near in one.nearest],
                )
                for place_in_queue, one in enumerate(shown, 1)
            ],
            first=not place,
            next=f"?{urlencode({'after': shown[-1].place, 'n': str(before + PAGE)})}"
            if len(rows) > PAGE
            else "",
            trail=[("Queue", "")],
        )


class Compare(LearningPage):
    template = "active/compare.html"
    section = "queue"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        there = selections.sides(self.project)
        first = _side(there, request.GET.get("a", "")) or next(iter(there), None)
        second = _side(there, request.GET.get("b", "")) or _beside(there, first)
        found = (
            selections.compare(project=self.project, first=first, second=second) if first and second else None
        )
        return self.render(
            sides=there,
            first=first,
            second=second,
            found=found,
            trail=[("Queue", reverse("learning-queue", args=[self.project.pk])), ("Compare", "")],
        )


def _side(there: list[Side], value: str) -> Side | None:
    """What the address names."""
    return next((side for side in there if side.value == value), None)


def _beside(there: list[Side], first: Side | None) -> Side | None:
    """Of another round where there is one: two strategies of one round have nothing in common."""
    others = [side for side in there if side != first]
    return min(others, key=lambda side: first is not None and side.round == first.round, default=None)


def _places_before(request: HttpRequest) -> int:
    """How many pages before this one have shown; only for numbering."""
    given = request.GET.get("n", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


_HERE = "projects/<int:project_id>/learning/queue/"
urlpatterns = [
    path(_HERE, Queue.as_view(), name="learning-queue"),
    path(f"{_HERE}compare/", Compare.as_view(), name="learning-compare"),
]
