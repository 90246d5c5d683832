"""One labeling function: its versions with what changed, review, trial, activation, the kill switch, rolling back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from annotation.errors import Conflict, InvalidInput, NotAllowed
from annotation.pages.forms import PercentField, attempt
from annotation.roles import Action, may
from labelmodel.models import FunctionVersion, LabelingFunction
from labelmodel.models.functions import ASKING_KINDS
from labelmodel.pages.functions import COLORS, FunctionsPage, Label, estimated, labels_of, row
from labelmodel.pages.functions_controls import shape_of
from labelmodel.pages.functions_history import VersionRow, diff, tested, trial
from labelmodel.pages.functions_runs import paused
from labelmodel.reports import functions_table as report
from labelmodel.reports.function_runs import with_lines
from labelmodel.services import function_review, functions
from labelmodel.services.function_rules import Tried, tried
from labelmodel.tasks import run_functions_soon

State = FunctionVersion.State
MOST_VERSIONS = 50


class SettingsForm(forms.Form):
    name = forms.CharField(max_length=80)
    description = forms.CharField(max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    owner = forms.CharField(max_length=150, help_text="A member who may write labeling functions.")
    most_share = PercentField(
        label="Votes on at most, % of the items", help_text="It is stopped where it votes on more."
    )
    most_votes_an_hour = forms.IntegerField(
        label="Votes in an hour at most", required=False, min_value=1, help_text="Empty: no limit."
    )


class Function(FunctionsPage):
    template = "labelmodel/function.html"
    function: LabelingFunction

    def dispatch_function(self, function_id: int, action: Action) -> LabelingFunction:
        self.function = functions.function_for(
            user=self.user(), project=self.project, function_id=function_id, action=action
        )
        return self.function

    def get(self, request: HttpRequest, project_id: int, function_id: int) -> HttpResponse:
        self.dispatch_function(function_id, Action.BROWSE)
        return self.show()

    def show(
        self,
        *,
        status: int = 200,
        settings: SettingsForm | None = None,
        reason_fault: str = "",
        said: str = "",
    ) -> HttpResponse:
        function = self.function
        known = function.versions.select_related(
            "schema", "author", "reviewer", "activated_by", "rolled_back_by"
        )
        versions = list(known[: MOST_VERSIONS + 1])
        for one in versions:
            one.function, one.project = function, self.project
        (listed,) = report.listed(self.project, function_id=function.pk)
        question = self.question(function.question)
        chips = labels_of(question) if question and question["name"] == function.question else {}
        rows = [
            self._row(one, before, chips) for one, before in zip(versions, [*versions[1:], None], strict=True)
        ][:MOST_VERSIONS]
        part = "stats" if self.request.GET.get("part") == "stats" else "versions"
        return self.render(
            fragment=f"labelmodel/function_{part}.html",
            status=status,
            function=function,
            listed=listed,
            row=row(listed, chips, None),
            active=next((one for one in versions if one.state == State.ACTIVE), None),
            versions=rows,
            settings=settings or self._settings(),
            reason_fault=reason_fault,
            said=said,
            pending=any(
                one.version.state == State.CANARY and not one.version.canary and not one.stuck for one in rows
            ),
            follow=self._follow(listed),
            estimate_note=_estimate_note(listed),
            removable=not any(one.activated_at for one in versions),
            crumbs=self.crumbs_to((function.name, "")),
        )

    def _follow(self, listed: report.Listed) -> int:
        """How often the page looks for news, in seconds: while a run or a fit is under way or to be expected; 0: never."""
        voting = (
            listed.version.state == State.ACTIVE and not self.function.stopped_at and not listed.row.faults
        )
        if report.pending_run(self.project) or report.fits_now(self.project, self.function.question):
            return 2
        return 5 if voting and listed.estimate is None else 0

    def _settings(self) -> SettingsForm:
        function = self.function
        return SettingsForm(
            initial={
                "name": function.name,
                "description": function.description,
                "owner": function.owner.username,
                "most_share": function.most_share,
                "most_votes_an_hour": function.most_votes_an_hour,
            }
        )

    def _row(
        self, version: FunctionVersion, before: FunctionVersion | None, chips: dict[str, Label]
    ) -> VersionRow:
        waits = version.state in {State.DRAFT, State.REVIEW, State.CANARY}
        results, fault = self._tried(version) if waits else ([], "")
        may_review = may(self.project.role_of(self.user()), Action.REVIEW_FUNCTIONS)
        return VersionRow(
            version,
            shape_of(version.kind).title,
            COLORS[State(version.state)],
            diff(before, version),
            trial(version, chips) if version.canary else None,
            *_trial_now(version),
            tested(results, chips),
            fault,
            may_review and function_review.may_approve(version=version, user=self.user()),
            waits or version.state == State.ACTIVE,
        )

    def _tried(self, version: FunctionVersion) -> tuple[list[Tried], str]:
        # Of a kind that asks others there is nothing to tell before its trial.
        if not version.tests or (version.kind in ASKING_KINDS and "tests" not in version.canary):
            return [], ""
        try:
            return tried(version), ""
        except (InvalidInput, Conflict) as error:
            return [], str(error)


def _trial_now(version: FunctionVersion) -> tuple[str, bool]:
    """(why its trial does not go on now, whether it ended without a result)"""
    if version.state != State.CANARY or version.canary:
        return "", False
    latest = function_review.trial_of(version)
    if latest is None or not latest.is_pending:
        return "", True
    return paused(with_lines([latest])[0]), False


def _estimate_note(listed: report.Listed) -> str:
    found = listed.estimate
    if found is None:
        return "no label model has weighed it yet"
    return f"{100 * found.low:.0f} to {100 * found.high:.0f} %, {estimated(found).note}"


class Change(Function):
    """The function's name, owner and limits."""

    action = Action.WRITE_FUNCTIONS

    def get(self, request: HttpRequest, project_id: int, function_id: int) -> HttpResponse:
        return redirect("function", project_id, function_id)

    def post(self, request: HttpRequest, project_id: int, function_id: int) -> HttpResponse:
        function = self.dispatch_function(function_id, self.action)
        form = SettingsForm(request.POST)
        if form.is_valid():
            given = dict(form.cleaned_data)
            given["unlimited_votes"] = given["most_votes_an_hour"] is None
            if attempt(form, lambda: functions.change(function=function, by=self.user(), **given)):
                messages.success(request, "Saved.")
                return redirect("function", project_id, function_id)
        return self.show(status=422, settings=form)


class Verb(Function):
    """A button. Those that want a reason take it from the form; without one they come back with it, as 422."""

    action = Action.WRITE_FUNCTIONS
    done = ""

    def get(self, request: HttpRequest, project_id: int, function_id: int, **more: Any) -> HttpResponse:
        return redirect("function", project_id, function_id)

    def post(self, request: HttpRequest, project_id: int, function_id: int, **more: Any) -> HttpResponse:
        function = self.dispatch_function(function_id, self.action)
        try:
            self.act(function, **more)
        except InvalidInput as error:
            if any(fault.path[:1] == ("reason",) for fault in error.faults):
                return self.show(status=422, reason_fault=str(error), said=request.path)
            messages.error(request, " ".join([str(error), *(fault.message for fault in error.faults)]))
        except (Conflict, NotAllowed) as error:
            messages.error(request, str(error))
        else:
            run_functions_soon(self.project.pk)
            messages.success(request, self.done)
        return redirect("function", project_id, function_id)

    def act(self, function: LabelingFunction, **more: Any) -> None:
        raise NotImplementedError

    def reason(self) -> str:
        return self.request.POST.get("reason", "")


class Stop(Verb):
    done = "It is stopped: it votes no more, and what it said counts no more."

    def act(self, function: LabelingFunction, **more: Any) -> None:
        functions.stop(function=function, by=self.user(), reason=self.reason())


class Resume(Verb):
    action = Action.REVIEW_FUNCTIONS
    done = "It votes again."

    def act(self, function: LabelingFunction, **more: Any) -> None:
        functions.resume(function=function, by=self.user())


class RollBack(Verb):
    action = Action.REVIEW_FUNCTIONS
    done = "Rolled back. Its votes, and all that rested on them, are taken back."

    def act(self, function: LabelingFunction, **more: Any) -> None:
        given = self.request.POST.get("version", "")
        if not (given.isascii() and given.isdigit() and len(given) < 8):
            raise Conflict("Say which version: open the page again.")
        # The page may be an old one: what it does not show as active is not taken out.
        bad = functions.version_of(function=function, number=int(given))
        function_review.roll_back(
            function=function, by=self.user(), reason=self.reason(), version=bad, while_active=True
        )


class Remove(Verb):
    def post(self, request: HttpRequest, project_id: int, function_id: int, **more: Any) -> HttpResponse:
        function = self.dispatch_function(function_id, self.action)
        try:
            functions.remove(function=function, by=self.user())
        except Conflict as error:
            messages.error(request, str(error))
            return redirect("function", project_id, function_id)
        messages.success(request, f"“{function.name}” is removed.")
        return redirect("functions", project_id)


_ON_VERSION: dict[str, tuple[Callable[..., Any], str]] = {
    "submit": (
        lambda view, version: function_review.submit(version=version, by=view.user()),
        "It waits for review.",
    ),
    "approve": (
        lambda view, version: function_review.approve(
            version=version, by=view.user(), note=view.request.POST.get("note", "")
        ),
        "Approved. It is being tried on a sample.",
    ),
    "refuse": (
        lambda view, version: function_review.refuse(version=version, by=view.user(), reason=view.reason()),
        "Refused.",
    ),
    "try": (
        lambda view, version: function_review.try_out(version=version, by=view.user()),
        "It is being tried on a sample again.",
    ),
    "activate": (
        lambda view, version: function_review.activate(version=version, by=view.user()),
        "Active. A run over the pool has been asked for.",
    ),
}


class OnVersion(Verb):
    """A button about one version. Services say who may press which."""

    action = Action.WRITE_FUNCTIONS

    def act(self, function: LabelingFunction, **more: Any) -> None:
        act, self.done = _ON_VERSION[more["verb"]]
        act(self, functions.version_of(function=function, number=more["number"]))


_HERE = "projects/<int:project_id>/functions/<int:function_id>/"
urlpatterns = [
    path(_HERE, Function.as_view(), name="function"),
    path(f"{_HERE}settings/", Change.as_view(), name="function-settings"),
    path(f"{_HERE}stop/", Stop.as_view(), name="function-stop"),
    path(f"{_HERE}resume/", Resume.as_view(), name="function-resume"),
    path(f"{_HERE}roll-back/", RollBack.as_view(), name="function-roll-back"),
    path(f"{_HERE}remove/", Remove.as_view(), name="function-remove"),
    *(
        path(
            f"{_HERE}versions/<int:number>/{verb}/",
            OnVersion.as_view(),
            {"verb": verb},
            name=f"function-{verb}",
        )
        for verb in _ON_VERSION
    ),
]
