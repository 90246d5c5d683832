"""Runs of labeling functions over the pool: how far they are, what each function did, cancel, go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone

from annotation.pages import words
from annotation.pages.forms import tell
from annotation.roles import Action
from labelmodel.models import FunctionRun, FunctionVersion
from labelmodel.pages.functions import FunctionsPage
from labelmodel.reports import function_runs as report
from labelmodel.reports.function_runs import RunRow
from labelmodel.services import run_requests
from labelmodel.tasks import run_functions_soon

PAGE = 20
FRAGMENT = "labelmodel/functions_runs_list.html"
COLORS = {"waiting": "blue", "running": "blue", "done": "green", "failed": "red", "cancelled": "gray"}


@dataclass(frozen=True, slots=True)
class Line:
    """What one version did in a run, ready to print."""

    told: dict[str, Any]
    votes: int
    hit_rate: str
    drift: str
    # Why it abstained, and how often.
    reasons: str


@dataclass(frozen=True, slots=True)
class Row:
    run: FunctionRun
    color: str
    took: str
    lines: list[Line]
    state: str
    # Why it does not go on now, and when it will.
    paused: str
    # How many functions had seen everything already.
    idle: int
    # What a trial on a sample was of.
    tried: list[FunctionVersion]

    @property
    def votes(self) -> int:
        return sum(line.votes for line in self.lines)

    @property
    def progress(self) -> str:
        return f"{self.run.done:,} of {self.run.total:,}"

    @property
    def errors(self) -> int:
        return sum(line.told["errors"] for line in self.lines)


class Runs(FunctionsPage):
    template = "labelmodel/functions_runs.html"
    section = "runs"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        given = request.GET.get("before", "")
        before = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
        found = report.listed(project=self.project, before=before, limit=PAGE + 1)
        runs = found[:PAGE]
        tried = _tried(runs)
        return self.render(
            fragment=FRAGMENT,
            runs=[_row(one, tried) for one in runs],
            pending=any(one.run.is_pending for one in runs),
            first=before is None,
            next=f"?before={runs[-1].run.pk}" if len(found) > PAGE else "",
            active=FunctionVersion.objects.voting().filter(project=self.project).exists(),
            crumbs=self.crumbs_to(("Runs", "")),
        )

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        kind = "all" if request.POST.get("kind") == "all" else "new"
        tell(
            request,
            lambda: run_requests.request(project=self.project, by=self.user(), kind=kind),
            done="A worker runs them; this page follows.",
        )
        run_functions_soon(self.project.pk)
        return redirect("function-runs", project_id)


def _tried(runs: Sequence[RunRow]) -> dict[int, FunctionVersion]:
    """{version id: the version that a trial among these runs was of}."""
    numbers = [pk for one in runs if one.run.kind == FunctionRun.Kind.CANARY for pk in one.run.versions]
    return FunctionVersion.objects.select_related("function").in_bulk(numbers)


def _row(one: RunRow, tried: dict[int, FunctionVersion]) -> Row:
    run = one.run
    took = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None
    why = paused(one)
    state = "Paused" if why else run.get_state_display()
    color = "amber" if why else COLORS[run.state]
    of = [tried[pk] for pk in run.versions if pk in tried] if run.kind == FunctionRun.Kind.CANARY else []
    busy = [
        line for line in one.lines if run.is_pending or line["evaluated"] or line["unseen"] or line["fault"]
    ]
    lines, idle = [_line(line) for line in busy], len(one.lines) - len(busy)
    return Row(run, color, words.duration(took), lines, state, why, idle, of)


def paused(one: RunRow) -> str:
    """Why a run does not go on now, and when it will; empty where it does."""
    until, why = one.run.paused_until, one.why_paused
    if until is None or not why:
        return ""
    return f"{why} It goes on by itself in {words.duration((until - timezone.now()).total_seconds())}."


def _line(told: dict[str, Any]) -> Line:
    rate, drift = told["hit_rate"], told["drift"]
    return Line(
        told,
        sum(told["votes"].values()),
        "–" if rate is None else f"{100 * rate:.1f} %",
        "" if drift is None else f"{100 * drift:+.1f}",
        ", ".join(f"{why} ({n:,} ×)" for why, n in told["reasons"].items()),
    )


class RunVerb(Runs):
    action = Action.WRITE_FUNCTIONS
    verb = ""

    def get(self, request: HttpRequest, project_id: int, run_id: int = 0) -> HttpResponse:
        return redirect("function-runs", project_id)

    def post(self, request: HttpRequest, project_id: int, run_id: int = 0) -> HttpResponse:
        run = run_requests.run_for(user=self.user(), project=self.project, run_id=run_id)
        if self.verb == "cancel":
            done = "It is cancelled. The votes that it cast stay."
            tell(request, lambda: run_requests.cancel(run=run, by=self.user()), done=done)
        else:
            tell(
                request,
                lambda: run_requests.retry(run=run, by=self.user()),
                done="It goes on where it stopped.",
            )
            run_functions_soon(self.project.pk)
        return redirect("function-runs", project_id)


_HERE = "projects/<int:project_id>/functions/runs/"
urlpatterns = [
    path(_HERE, Runs.as_view(), name="function-runs"),
    path(f"{_HERE}<int:run_id>/cancel/", RunVerb.as_view(verb="cancel"), name="function-run-cancel"),
    path(f"{_HERE}<int:run_id>/retry/", RunVerb.as_view(verb="retry"), name="function-run-retry"),
]
