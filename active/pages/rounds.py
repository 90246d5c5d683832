"""The history of rounds, and one round with what it chose and why."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import urlencode

from active.models import ModelVersion, Round, Selection
from active.pages import told
from active.pages.base import PAGE, LearningPage, number, question_title
from active.reports import rounds as report
from active.reports import selections
from active.reports.rounds import Told
from active.services import requests
from annotation.models import Project
from annotation.pages import words
from annotation.pages.forms import tell
from annotation.pages.payloads import media_url
from annotation.questions.types import Question
from annotation.roles import Action


class Rounds(LearningPage):
    template = "active/rounds.html"
    section = "rounds"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        found = report.listed(project=self.project, before=number(request, "before"), limit=PAGE + 1)
        shown = found[:PAGE]
        return self.render(
            fragment="active/rounds_list.html",
            rounds=[
                (one, told.color_of(one.state), _state(one), words.duration(one.seconds)) for one in shown
            ],
            pending=any(one.is_pending for one in shown),
            first="before" not in request.GET,
            next=f"?before={shown[-1].number}" if len(found) > PAGE else "",
            trail=[("Rounds", "")],
        )


class OneRound(LearningPage):
    template = "active/round.html"
    section = "rounds"

    def get(self, request: HttpRequest, project_id: int, number: int) -> HttpResponse:
        return self.show(report.one(project=self.project, number=number))

    def show(self, found: Told) -> HttpResponse:
        question = told.question_of(self.project, found.question)
        model = _model(self.project, found)
        return self.render(
            fragment="active/round_state.html",
            round=found,
            state=_state(found),
            color=told.color_of(found.state),
            progress=report.progress(found) if found.is_pending else None,
            question=question_title(self.project, found.question),
            took=words.duration(found.seconds),
            timings=told.timings(found),
            model=model,
            scores=told.accuracy_of(model) if model else {},
            trail=[
                ("Rounds", reverse("learning-rounds", args=[self.project.pk])),
                (f"Round {found.number}", ""),
            ],
            **told.round_figures(question, found),
            **self._selections(found, question),
        )

    def _selections(self, found: Told, question: Question | None) -> dict[str, Any]:
        kind = self.request.GET.get("kind", "")
        kind = kind if kind in Selection.Kind.values else ""
        after = number(self.request, "after", 2**63 - 1)
        rows = selections.listed(
            project=self.project, round_id=found.id, kind=kind, after=after, limit=PAGE + 1
        )
        shown = rows[:PAGE]
        following = urlencode({"kind": kind, "after": str(shown[-1].id)}) if len(rows) > PAGE else ""
        counts = selections.counts(found.id)
        return {
            "selections": [
                (
                    one,
                    media_url(self.project.pk, one.excerpt.image),
                    [(near, told.label_chips(question, near.label)) for near in one.nearest],
                )
                for one in shown
            ],
            "kinds": [(one.value, one.label, counts.get(one.value, 0)) for one in Selection.Kind],
            "kind": kind,
            "total": sum(counts.values()),
            "next": f"?{following}" if following else "",
        }


class CancelRound(LearningPage):
    action = Action.CONFIGURE

    def post(self, request: HttpRequest, project_id: int, number: int) -> HttpResponse:
        found = report.one(project=self.project, number=number)
        round = requests.round_of(user=self.user(), round_id=found.id, action=Action.CONFIGURE)
        tell(
            request,
            lambda: requests.cancel(round=round, by=self.user()),
            done="The round is over; the queue stays as the last one left it.",
        )
        return redirect("learning", project_id)


def _model(project: Project, found: Told) -> ModelVersion | None:
    """What the round trained."""
    if found.model is None:
        return None
    return ModelVersion.objects.filter(project=project, version=found.model).first()


def _state(found: Told) -> str:
    return Round.State(found.state).label


_HERE = "projects/<int:project_id>/learning/rounds/"
urlpatterns = [
    path(_HERE, Rounds.as_view(), name="learning-rounds"),
    path(f"{_HERE}<int:number>/", OneRound.as_view(), name="learning-round"),
    path(f"{_HERE}<int:number>/cancel/", CancelRound.as_view(), name="learning-round-cancel"),
]
