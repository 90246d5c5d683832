"""Simulations: ask for one, follow it, see what each strategy would have been worth."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone

from active.models import Simulation
from active.pages import drawn, told
from active.pages.base import PAGE, LearningPage, number, question_title
from active.pages.drawn import Given, Plot
from active.reports import simulations as report
from active.reports import titles
from active.reports.rounds import PATIENCE
from active.services import simulations
from active.services.simulations import BASELINE, MOST_BATCH, MOST_BUDGET, MOST_SEEDS, MOST_START
from active.tasks import simulate_soon
from annotation.errors import NotFound
from annotation.pages import words
from annotation.pages.forms import PercentField, attempt, tell
from annotation.roles import Action
from annotation.services.access import check

COLORS = ("teal", "blue", "orange", "violet", "green", "pink", "amber", "cyan")


class SimulationForm(forms.Form):
    strategies = forms.MultipleChoiceField(
        choices=[one for one in told.strategies() if one[0] != BASELINE],
        widget=forms.CheckboxSelectMultiple,
        label="Strategies",
        help_text="Held against each other and against choice at random.",
        initial=["adaptive", "margin"],
        error_messages={"required": "Choose at least one strategy."},
    )
    seeds = forms.IntegerField(
        min_value=1,
        max_value=MOST_SEEDS,
        initial=5,
        label="Repeats",
        help_text="Each strategy so often, begun from other labels; intervals come from these.",
    )
    start = forms.IntegerField(
        min_value=0,
        max_value=MOST_START,
        initial=20,
        label="Labels to begin with",
        help_text="Drawn at random. 0: the strategy begins from nothing.",
    )
    batch = forms.IntegerField(
        min_value=1, max_value=MOST_BATCH, initial=50, label="Batch", help_text="Labels between two models."
    )
    budget = forms.IntegerField(
        min_value=2,
        max_value=MOST_BUDGET,
        initial=1000,
        label="Labels in the end",
        help_text="As far as there are so many.",
    )
    annotator = PercentField(
        initial=1.0,
        label="Answers that are right, in %",
        help_text="Of whoever is simulated. 100: the consensus itself answers.",
    )


class Simulations(LearningPage):
    template = "active/simulations.html"
    section = "simulations"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self.page(SimulationForm())

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        check(user=self.user(), project=self.project, action=Action.CONFIGURE)
        form = SimulationForm(request.POST)
        if form.is_valid():
            ask = partial(simulations.request, project=self.project, by=self.user(), **form.cleaned_data)
            if made := attempt(form, ask):
                simulate_soon(self.project.pk)
                messages.success(request, "A worker takes it up now; this page follows.")
                return redirect("learning-simulation", project_id, made.pk)
        return self.page(form, status=422)

    def page(self, form: SimulationForm, *, status: int = 200) -> HttpResponse:
        before = number(self.request, "before", 2**63 - 1)
        found = report.listed(project=self.project, before=before, limit=PAGE + 1)
        shown = found[:PAGE]
        return self.render(
            status=status,
            form=form,
            simulations=[
                (
                    one,
                    told.color_of(one.state),
                    [titles.strategy(name) for name in one.options.get("strategies", ())],
                    _best(one),
                )
                for one in shown
            ],
            next=f"?before={shown[-1].pk}" if len(found) > PAGE else "",
            trail=[("Simulation", "")],
        )


class OneSimulation(LearningPage):
    template = "active/simulation.html"
    section = "simulations"

    def get(self, request: HttpRequest, project_id: int, simulation_id: int) -> HttpResponse:
        found = self.simulation(simulation_id)
        pending = found.state in simulations.PENDING
        strategies = (found.result or {}).get("strategies", [])
        return self.render(
            fragment="active/simulation_state.html",
            simulation=found,
            pending=pending,
            unattended=found.state == "waiting" and timezone.now() - found.created_at > PATIENCE,
            color=told.color_of(found.state),
            question=question_title(self.project, found.question),
            strategies=[titles.strategy(name) for name in found.options.get("strategies", ())],
            rows=[(COLORS[at % len(COLORS)], *_row(one)) for at, one in enumerate(strategies)],
            plot=_plot(found.result) if strategies else None,
            full=found.result.get("full_accuracy") if found.result else None,
            took=words.duration(found.result.get("seconds")) if found.result else "",
            trail=[
                ("Simulation", reverse("learning-simulations", args=[self.project.pk])),
                (f"No. {found.pk}", ""),
            ],
        )

    def simulation(self, simulation_id: int, action: Action = Action.BROWSE) -> Simulation:
        found = simulations.simulation_of(user=self.user(), simulation_id=simulation_id, action=action)
        if found.project_id != self.project.pk:
            raise NotFound("There is no such simulation in this project.")
        return found


class CancelSimulation(OneSimulation):
    action = Action.CONFIGURE

    def get(self, request: HttpRequest, project_id: int, simulation_id: int) -> HttpResponse:
        return redirect("learning-simulation", project_id, simulation_id)

    def post(self, request: HttpRequest, project_id: int, simulation_id: int) -> HttpResponse:
        found = self.simulation(simulation_id, Action.CONFIGURE)
        tell(
            request,
            lambda: simulations.cancel(simulation=found, by=self.user()),
            done="The simulation is cancelled.",
        )
        return redirect("learning-simulation", project_id, simulation_id)


def _plot(result: dict[str, Any]) -> Plot | None:
    curves = []
    for at, one in enumerate(result["strategies"]):
        points = [
            # With one seed there is no interval.
            Given(
                labels,
                mean,
                mean if low is None else low,
                mean if high is None else high,
                f"{one['title']}: {told.span(mean, low, high)} with {labels:,} labels",
            )
            for labels, mean, low, high in zip(
                one["labels"], one["mean"], one["low"], one["high"], strict=True
            )
        ]
        curves.append((one["title"], COLORS[at % len(COLORS)], points, one["name"] == BASELINE))
    return drawn.plot(curves, goal=0.95 * result["full_accuracy"])


def _row(one: dict[str, Any]) -> tuple[str, str, str, str, str]:
    """(title, area, labels to 95 %, saving, accuracy in the end) in words."""
    to95, saving = one.get("to95"), one.get("saving")
    return (
        one["title"],
        told.plus_minus(one["area"], 3),
        told.plus_minus(to95, 0) if to95 else "",
        _saving(saving) if saving else "",
        told.span(one["mean"][-1], one["low"][-1], one["high"][-1]),
    )


def _saving(found: dict[str, Any]) -> str:
    value = f"{100 * found['value']:.0f} %"
    if found["low"] is None or found["high"] is None:
        return value
    return f"{value} ({100 * found['low']:.0f} to {100 * found['high']:.0f})"


def _best(found: Simulation) -> str:
    """The strategy with the largest area, where there is a result."""
    strategies = (found.result or {}).get("strategies", [])
    best = max(strategies, key=lambda one: one["area"]["mean"], default=None)
    return f"{best['title']}, {best['area']['mean']:.3f}" if best else ""


_HERE = "projects/<int:project_id>/learning/simulations/"
urlpatterns = [
    path(_HERE, Simulations.as_view(), name="learning-simulations"),
    path(f"{_HERE}<int:simulation_id>/", OneSimulation.as_view(), name="learning-simulation"),
    path(
        f"{_HERE}<int:simulation_id>/cancel/", CancelSimulation.as_view(), name="learning-simulation-cancel"
    ),
]
