"""What a label model makes of the functions' votes: how good and how sure it is, which functions go together, its fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import urlencode

from annotation.pages import quality_charts as charts
from annotation.pages import words
from annotation.pages.forms import attempt, tell
from annotation.pages.quality_charts import Axis, Dot
from annotation.reports.intervals import wilson
from annotation.roles import Action
from labelmodel.methods import METHODS
from labelmodel.models import WeakRun
from labelmodel.pages.drawn import AXIS, NOTHING, Figure, percent
from labelmodel.pages.functions import FunctionsPage, labels_of, share
from labelmodel.pages.functions_runs import COLORS
from labelmodel.reports import weak as report
from labelmodel.reports.weak import Fit, FunctionHealth, Health
from labelmodel.services import weak
from labelmodel.tasks import fit_functions_soon

FITS = 10
State = WeakRun.State
FRAGMENT = "labelmodel/functions_model_state.html"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A function in the fit that counts, ready to print."""

    health: FunctionHealth
    estimated: Figure
    precision: Figure
    recall: str


@dataclass(frozen=True, slots=True)
class FitRow:
    fit: Fit
    took: str
    state: str
    progress: str
    pending: bool
    color: str
    # Whether it may begin again: it failed or was cancelled, and no later one counts instead.
    again: bool


class FitForm(forms.Form):
    method = forms.ChoiceField(
        required=False, help_text="Fits that start by themselves use it from then on, too."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["method"].choices = [("", "The one that was used last"), *METHODS.items()]  # type: ignore[attr-defined]


class Model(FunctionsPage):
    template = "labelmodel/functions_model.html"
    section = "model"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self.show(FitForm())

    def show(self, form: FitForm, *, status: int = 200) -> HttpResponse:
        question = self.question(self.request.GET.get("question", ""))
        name = str(question["name"]) if question else ""
        found = next((one for one in report.health(self.project) if one.question == name), None)
        fits = report.listed(project=self.project, question=name, limit=FITS) if question else []
        published = next((one for one in fits if found and one.id == found.run), None)
        if published is None and found and found.run:
            published = report.one(project=self.project, run_id=found.run)
        return self.render(
            fragment=FRAGMENT,
            status=status,
            question=question,
            questions=[(one["name"], one.get("title") or one["name"]) for one in self.questions()],
            health=found,
            form=form,
            axis=AXIS,
            stats=_stats(found) if found and found.run else [],
            sources=[_source(one) for one in found.functions] if found and found.run else [],
            dots=_dots(found) if found else [],
            precisions=_precisions(published),
            shares=_shares(published, labels_of(question) if question else {}),
            fits=[_fit(one, latest=place == 0) for place, one in enumerate(fits)],
            pending=any(one.state in {"waiting", "running"} for one in fits),
            crumbs=self.crumbs_to(("Label model", "")),
        )


class FitAgain(Model):
    action = Action.WRITE_FUNCTIONS

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return redirect("function-model", project_id)

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = FitForm(request.POST)
        question = request.POST.get("question") or None
        if form.is_valid():
            wanted: dict[str, Any] = {
                "project": self.project, "by": self.user(), "question": question,
                "method": form.cleaned_data["method"], "trigger": "page",
            }  # fmt: skip
            if attempt(form, lambda: weak.request(**wanted)):
                fit_functions_soon(self.project.pk)
                messages.success(request, "A worker fits it now; this page follows.")
                return redirect("function-model", project_id)
        return self.show(form, status=422)


class FitVerb(Model):
    action = Action.WRITE_FUNCTIONS
    verb = ""

    def get(self, request: HttpRequest, project_id: int, run_id: int = 0) -> HttpResponse:
        return redirect("function-model", project_id)

    def post(self, request: HttpRequest, project_id: int, run_id: int = 0) -> HttpResponse:
        run = weak.run_for(user=self.user(), project=self.project, run_id=run_id)
        if self.verb == "cancel":
            done = f"Fit {run.pk} is cancelled. What the fit before it said still counts."
            tell(request, lambda: weak.cancel(run=run, by=self.user()), done=done)
        else:
            done = f"Fit {run.pk} begins again; this page follows."
            tell(request, lambda: weak.retry(run=run, by=self.user()), done=done)
            fit_functions_soon(self.project.pk)
        return redirect(
            f"{reverse('function-model', args=[project_id])}?{urlencode({'question': run.question})}"
        )


def _stats(found: Health) -> list[tuple[str, str, str]]:
    judged = found.judged
    right = judged.get("accuracy")
    spread = f"{100 * judged['low']:.0f} to {100 * judged['high']:.0f} %" if right is not None else ""
    return [
        ("Covered", share(found.coverage) or "–", f"of {found.items:,} items"),
        ("In conflict", share(found.conflict) or "–", "of items: two functions say different labels"),
        ("Mean confidence", share(found.mean_confidence) or "–", "of the likeliest label"),
        (
            "Right on labeled items",
            "–" if right is None else percent(right),
            f"{spread}, of {judged['n']:,} that it had not seen" if right is not None else "people have labeled too few",
        ),
        (
            "Brier score",
            "–" if found.brier is None else f"{found.brier:.3f}",
            f"0 is best; calibrated by {found.calibration}" if found.calibration != "none" else "0 is best; not calibrated",
        ),
    ]  # fmt: skip


def _source(one: FunctionHealth) -> SourceRow:
    told, labeled = one.estimated, one.labeled
    estimated = precision = NOTHING
    if told:
        estimated = _figure(
            told["accuracy"], told["low"], told["high"], f"from {told['judgments']:,.0f} judgments"
        )
    if labeled.get("precision") is not None:
        note = f"{labeled['right']:,} of {labeled['votes']:,} labeled items"
        precision = _figure(labeled["precision"], labeled["low"], labeled["high"], note)
    return SourceRow(one, estimated, precision, share(labeled.get("recall")))


def _figure(value: float, low: float, high: float, note: str) -> Figure:
    picture = charts.interval(AXIS, value, low, high)
    return Figure(value, percent(value), f"{100 * low:.0f} to {100 * high:.0f}", note, "", picture)


def _dots(found: Health) -> list[Dot]:
    axis = Axis(0.0, 1.0)
    return [
        _dot(axis, one["confidence"], one["accuracy"], one["n"])
        for one in found.judged.get("reliability", ())
    ]


def _dot(axis: Axis, sure: float, right: float, n: int) -> Dot:
    low, high = wilson(round(right * n), n)
    y, top, bottom = (round(100 - axis.at(value), 2) for value in (right, high, low))
    told = f"{100 * sure:.0f} % sure, {100 * right:.0f} % right ({100 * low:.0f} to {100 * high:.0f}), "
    return Dot(axis.at(sure), y, top, bottom, told + words.count(n, "item"))


def _precisions(fit: Fit | None) -> list[tuple[str, str, str, str]]:
    """(how sure, expected precision, its interval, share of items that reach it)"""
    rows = fit.metrics.get("precisions", []) if fit else []
    return [
        (
            f"{100 * row['threshold']:.0f} %",
            percent(row["precision"]),
            f"{100 * row['low']:.0f} to {100 * row['high']:.0f} %",
            share(row.get("share")),
        )
        for row in rows
    ]


def _shares(fit: Fit | None, chips: dict[str, Any]) -> list[tuple[Any, str, float]]:
    told = fit.metrics.get("shares", {}) if fit else {}
    return [
        (chips[label], share(part), round(100 * part, 1)) for label, part in told.items() if label in chips
    ]


def _fit(one: Fit, *, latest: bool) -> FitRow:
    progress = percent(min(1.0, one.done / one.total)) if one.state == State.RUNNING and one.total else ""
    return FitRow(
        one,
        words.duration(one.seconds),
        State(one.state).label,
        progress,
        one.state in {State.WAITING, State.RUNNING},
        COLORS[one.state],
        latest and one.state in {State.FAILED, State.CANCELLED},
    )


_HERE = "projects/<int:project_id>/functions/model/"
urlpatterns = [
    path(_HERE, Model.as_view(), name="function-model"),
    path(f"{_HERE}fit/", FitAgain.as_view(), name="function-model-fit"),
    path(f"{_HERE}<int:run_id>/cancel/", FitVerb.as_view(verb="cancel"), name="function-model-cancel"),
    path(f"{_HERE}<int:run_id>/retry/", FitVerb.as_view(verb="retry"), name="function-model-retry"),
]
