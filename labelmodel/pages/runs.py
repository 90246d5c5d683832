"""What the label model did, and a button to fit it again, by the default method or by another one to compare."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from annotation.pages.base import ProjectPage
from annotation.pages.forms import attempt
from annotation.roles import Action
from labelmodel.methods import DEFAULT, METHODS
from labelmodel.reports import runs as report
from labelmodel.services import runs
from labelmodel.tasks import refresh_soon

PAGE = 20
FRAGMENT = "labelmodel/runs_list.html"
_MOST = 2**63 - 1


class FitForm(forms.Form):
    question = forms.ChoiceField(required=False)
    method = forms.ChoiceField()

    def __init__(self, *args: Any, questions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = [("", "Every question")] if len(questions) > 1 else []
        self.fields["question"].required = not every
        self.fields["question"].choices = [*every, *questions]  # type: ignore[attr-defined]
        self.fields["method"].choices = [  # type: ignore[attr-defined]
            (name, f"{title}, the default" if name == DEFAULT else f"{title}, to compare")
            for name, title in METHODS.items()
        ]


class Runs(ProjectPage):
    template = "labelmodel/runs.html"
    action = Action.BROWSE
    tab = "quality"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self._page(self._form())

    def _form(self, data: Any = None) -> FitForm:
        questions = [(one["name"], one.get("title") or one["name"]) for one in self._questions()]
        return FitForm(data, questions=questions)

    def _questions(self) -> list[Any]:
        return runs.fitted_questions(self.project)

    def _page(self, form: FitForm, *, status: int = 200) -> HttpResponse:
        given = self.request.GET.get("before", "")
        before = int(given) if given.isascii() and given.isdigit() and int(given) <= _MOST else None
        found = report.listed(project=self.project, before=before, limit=PAGE + 1)
        shown = found[:PAGE]
        titles = {one["name"]: one.get("title") or one["name"] for one in self._questions()}
        return self.render(
            fragment=FRAGMENT,
            status=status,
            form=form,
            runs=[(run, titles.get(run.question, run.question)) for run in shown],
            next=f"?before={shown[-1].id}" if len(found) > PAGE else "",
            pending=any(run.state in {"waiting", "running"} for run in shown),
            due=report.due(self.project),
            fits=bool(titles),
            first=before is None,
            crumbs=[("Quality", f"/projects/{self.project.pk}/quality/"), ("Label model", "")],
        )


class Fit(Runs):
    action = Action.CONFIGURE

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return redirect("label-model", project_id)

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            question, method = form.cleaned_data["question"] or None, form.cleaned_data["method"]
            wanted: dict[str, Any] = {
                "project": self.project,
                "by": self.user(),
                "question": question,
                "method": method,
            }
            if attempt(form, lambda: runs.request(**wanted)):
                refresh_soon(self.project.pk)
                messages.success(request, "A worker fits it now; this page follows.")
                return redirect("label-model", project_id)
        return self._page(form, status=422)


urlpatterns = [
    path("projects/<int:project_id>/label-model/", Runs.as_view(), name="label-model"),
    path("projects/<int:project_id>/label-model/fit/", Fit.as_view(), name="label-model-fit"),
]
