"""The bounded pool of a project that samples what comes."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from annotation.pages.base import ProjectPage
from annotation.pages.forms import attempt, tell
from annotation.roles import Action
from annotation.services import reservoir


class PoolForm(forms.Form):
    size = forms.IntegerField(
        min_value=1,
        max_value=reservoir.LARGEST,
        label="Items in the pool, at most",
        help_text="So many of all that ever come, each with the same chance.",
    )
    seed = forms.IntegerField(
        required=False,
        min_value=-(2**63),
        max_value=2**63 - 1,
        label="Seed",
        help_text="Which sample it is: the same seed and the same keys give the same pool. Empty: 0. It cannot be changed later.",
    )


class Pool(ProjectPage):
    template = "annotation/reservoir.html"
    action = Action.CONFIGURE
    tab = "settings"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        found = reservoir.state_of(project=self.project)
        return self._page(PoolForm(initial={"size": found.size, "seed": found.seed} if found else None))

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = PoolForm(request.POST)
        if form.is_valid():
            put = partial(reservoir.put, project=self.project, by=self.user(), **form.cleaned_data)
            if attempt(form, put):
                messages.success(request, "The pool is bounded; what comes from now on is sampled.")
                return redirect("reservoir", project_id)
        return self._page(form, status=422)

    def _page(self, form: forms.Form, *, status: int = 200) -> HttpResponse:
        pool: Any = reservoir.state_of(project=self.project)
        crumbs = [("Settings", reverse("project-settings", args=[self.project.pk])), ("Bounded pool", "")]
        if pool:
            form.fields["seed"].disabled = True
        return self.render(status=status, form=form, pool=pool, crumbs=crumbs)


class Remove(ProjectPage):
    action = Action.CONFIGURE

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        remove = partial(reservoir.remove, project=self.project, by=self.user())
        tell(request, remove, done="Everything that comes is taken again.")
        return redirect("reservoir", project_id)


urlpatterns = [
    path("projects/<int:project_id>/pool/", Pool.as_view(), name="reservoir"),
    path("projects/<int:project_id>/pool/remove/", Remove.as_view(), name="reservoir-remove"),
]
