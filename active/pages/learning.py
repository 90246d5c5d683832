"""Learning at a glance: what is under way, how good the model is, what the next labels are worth; and its buttons."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.cache import patch_vary_headers

from active.models import Round
from active.pages import told
from active.pages.base import LearningPage
from active.reports import curve, queue, standing, titles
from active.reports.standing import Standing
from active.services import learning, requests, switching
from active.tasks import round_soon
from annotation.pages.base import ProjectPage
from annotation.pages.forms import attempt, tell
from annotation.roles import Action

FRAGMENT = "active/learning_state.html"


class StartForm(forms.Form):
    """One round, otherwise than the project is set."""

    acquisition = forms.ChoiceField(required=False, label="Strategy")
    n = forms.IntegerField(
        required=False, min_value=1, max_value=requests.LARGEST_BATCH, label="How many to choose"
    )

    def __init__(self, *args: Any, standing: Standing, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [titles.strategy(standing.settings.strategy)]
        if standing.settings.rival:
            names.append(titles.strategy(standing.settings.rival))
        chosen = ("", f"As set: {' beside '.join(names)}")
        self.fields["acquisition"].choices = [chosen, *told.strategies()]  # type: ignore[attr-defined]
        self.fields["n"].widget.attrs["placeholder"] = str(standing.settings.batch)


class Learning(LearningPage):
    template = "active/learning.html"
    section = "overview"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        found = standing.of(self.project)
        htmx = bool(request.htmx)  # type: ignore[attr-defined]
        if htmx and not found.pending and request.GET.get("seen") == found.mark:
            # Nothing to swap: what is open stays open, and the focus where it is.
            return HttpResponse(status=204, headers={"Vary": "HX-Request"})
        return self.show(found, StartForm(standing=found))

    def show(self, found: Standing, form: StartForm, *, status: int = 200) -> HttpResponse:
        question = found.question
        points = curve.points(project=self.project, question=question["name"]) if question else []
        return self.render(
            fragment=FRAGMENT,
            status=status,
            form=form,
            standing=found,
            failed=found.latest if found.latest and found.latest.state == Round.State.FAILED else None,
            next_words=told.next_words(found.next) if found.next else "",
            length=queue.length(self.project),
            points=list(reversed(points)),
            plot=told.curve_plot(points, found.settings.target),
            nothing_to_learn=learning.NOTHING_TO_LEARN,
            **told.accuracy(found.point),
            **told.round_figures(question, found.done),
        )


class TurnOn(LearningPage):
    action = Action.CONFIGURE

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return redirect("learning", project_id)

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        def turn_on() -> None:
            switching.turn_on(project=self.project, by=self.user())
            round_soon(self.project.pk)

        tell(request, turn_on, done="The queue learns from now on.")
        return redirect("learning", project_id)


class TurnOff(LearningPage):
    action = Action.CONFIGURE

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return redirect("learning", project_id)

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        def turn_off() -> None:
            learning.change(project=self.project, by=self.user(), automatic=False)

        tell(
            request,
            turn_off,
            done="No round starts by itself any more; the queue stays as the last one left it.",
        )
        return redirect("learning", project_id)


class Start(Learning):
    action = Action.CONFIGURE

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return redirect("learning", project_id)

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        found = standing.of(self.project)
        form = StartForm(request.POST, standing=found)
        if form.is_valid() and attempt(form, lambda: self._request(form.cleaned_data)) is not None:
            round_soon(self.project.pk)
            messages.success(request, "Workers take it up now; this page follows.")
            return redirect("learning", project_id)
        return self.show(found, form, status=422)

    def _request(self, wanted: dict[str, Any]) -> Round:
        return requests.request(
            project=self.project,
            by=self.user(),
            trigger=Round.Trigger.PAGE,
            strategy=wanted["acquisition"] or None,
            n=wanted["n"],
        )


class Card(ProjectPage):
    """The card on the project's overview; by itself it leads to the page."""

    action = Action.BROWSE

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        if not request.htmx:  # type: ignore[attr-defined]
            return redirect("learning", project_id)
        found = standing.of(self.project)
        context = self.context(
            standing=found,
            next_words=told.next_words(found.next) if found.next else "",
            **told.accuracy(found.point),
        )
        response = render(request, "active/card.html", context)
        patch_vary_headers(response, ["HX-Request"])
        return response


_HERE = "projects/<int:project_id>/learning/"
urlpatterns = [
    path(_HERE, Learning.as_view(), name="learning"),
    path(f"{_HERE}on/", TurnOn.as_view(), name="learning-on"),
    path(f"{_HERE}off/", TurnOff.as_view(), name="learning-off"),
    path(f"{_HERE}start/", Start.as_view(), name="learning-start"),
    path(f"{_HERE}card/", Card.as_view(), name="learning-card"),
]
