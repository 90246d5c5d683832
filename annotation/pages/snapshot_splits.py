"""A new split for snapshots."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from annotation.pages.forms import attempt
from annotation.pages.snapshot_forms import SplitForm
from annotation.pages.snapshots import SnapshotPage
from annotation.services import splits


class NewSplit(SnapshotPage):
    template = "annotation/split_new.html"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self._page(SplitForm())

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = SplitForm(request.POST)
        if form.is_valid() and (made := attempt(form, partial(self._make, form))):
            return redirect(f"{reverse('snapshot-new', args=[project_id])}?split={made.pk}")
        return self._page(form, status=422)

    def _make(self, form: SplitForm) -> Any:
        data = form.cleaned_data
        return splits.create(
            project=self.project,
            by=self.user(),
            name=data["name"],
            kind=data["kind"],
            parts=data["parts"],
            seed=data["seed"] or 0,
            field=data["by"],
        )

    def _page(self, form: SplitForm, *, status: int = 200) -> HttpResponse:
        fields = [field["name"] for field in (self.project.schema.fields if self.project.schema else ())]
        return self.render(
            status=status,
            form=form,
            questions=splits.strata_of(self.project),
            fields=fields,
            crumbs=self.crumbs(("New split", "")),
        )


urlpatterns = [
    path("projects/<int:project_id>/splits/new/", NewSplit.as_view(), name="split-new"),
]
