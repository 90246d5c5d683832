"""Bulk actions: start one from the data table, watch it, stop it, try again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import trigger_client_event

from annotation import tasks
from annotation.errors import DomainError, NotFound
from annotation.models import BulkAction
from annotation.pages.base import ProjectPage
from annotation.pages.forms import tell
from annotation.roles import Action
from annotation.services import bulk

PAGE = 50


class BulkForm(forms.Form):
    """`items` are ids with commas between them; without any, `where` says which."""

    action = forms.ChoiceField(choices=BulkAction.Action.choices)
    where = forms.CharField(required=False, max_length=6000)
    items = forms.RegexField(r"^[0-9]{1,18}(,[0-9]{1,18})*$", required=False)
    tag = forms.CharField(required=False, max_length=200)
    everybody = forms.BooleanField(required=False)

    def asked(self, people: list[str]) -> dict[str, Any]:
        data = self.cleaned_data
        items = [int(item) for item in data["items"].split(",")] if data["items"] else []
        where = "" if items else data["where"]
        return {**data, "items": items, "where": where, "people": [name for name in people if name]}


class BulkActions(ProjectPage):
    """All of them, the latest first."""

    template = "annotation/bulk_actions.html"
    action = Action.TAG
    tab = "items"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        before = request.GET.get("before", "")
        kinds = bulk.allowed(self.project.role_of(self.user()))
        found = self.project.bulk_actions.filter(action__in=kinds).select_related("created_by")
        if before.isascii() and before.isdigit() and len(before) < 19:
            found = found.filter(pk__lt=int(before))
        rows = list(found[: PAGE + 1])
        return self.render(
            jobs=rows[:PAGE],
            next=f"?before={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
            crumbs=[("Data", reverse("items", args=[project_id])), ("Bulk actions", "")],
        )

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = BulkForm(request.POST)
        if not form.is_valid():
            return self._refused("This cannot be read; reload the page and try again.")
        asked = form.asked(request.POST.getlist("people"))
        try:
            made = bulk.create(project=self.project, by=self.user(), **asked)
        except DomainError as error:
            return self._refused(" ".join(fault.message for fault in error.faults) or str(error))
        tasks.run_bulk_soon(made.pk)
        if getattr(request, "htmx", False):
            return self.render(fragment="annotation/bulk_action_card.html", job=made)
        return redirect("bulk-action", project_id, made.pk)

    def _refused(self, message: str) -> HttpResponse:
        if getattr(self.request, "htmx", False):
            toast = {"text": message, "kind": "danger"}
            return trigger_client_event(HttpResponse(status=204), "toast", toast)
        messages.error(self.request, message)
        return redirect("items", self.project.pk)


class OneBulkAction(ProjectPage):
    template = "annotation/bulk_action.html"
    action = Action.TAG
    tab = "items"

    def get(self, request: HttpRequest, project_id: int, action_id: int) -> HttpResponse:
        job = self.job(action_id)
        crumbs = [
            ("Data", reverse("items", args=[project_id])),
            ("Bulk actions", reverse("bulk-actions", args=[project_id])),
            (job.get_action_display(), ""),
        ]
        page = self.render(fragment="annotation/bulk_action_card.html", job=job, crumbs=crumbs)
        # Only who polls a pending one asks this way: the table is another now.
        return page if job.is_pending else trigger_client_event(page, "items-changed", {})

    def job(self, action_id: int) -> BulkAction:
        found = bulk.action_for(user=self.user(), action_id=action_id)
        if found.project_id != self.project.pk:
            raise NotFound("There is no such bulk action in this project.")
        return found


class BulkVerb(OneBulkAction):
    """A button: cancel or retry."""

    verb: Callable[..., BulkAction]
    done = ""

    def get(self, request: HttpRequest, project_id: int, action_id: int) -> HttpResponse:
        return redirect("bulk-action", project_id, action_id)

    def post(self, request: HttpRequest, project_id: int, action_id: int) -> HttpResponse:
        tell(request, partial(type(self).verb, job=self.job(action_id)), done=self.done)
        tasks.run_bulk_soon(action_id)
        back = request.POST.get("back", "")
        if url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/"):
            return redirect(back)
        return redirect("bulk-action", project_id, action_id)


class BulkCancel(BulkVerb):
    verb = staticmethod(bulk.cancel)
    done = "It is cancelled. What was done stays."


class BulkRetry(BulkVerb):
    verb = staticmethod(bulk.retry)
    done = "It goes on where it stopped."


_HERE = "projects/<int:project_id>/bulk-actions/"
urlpatterns = [
    path(_HERE, BulkActions.as_view(), name="bulk-actions"),
    path(f"{_HERE}<int:action_id>/", OneBulkAction.as_view(), name="bulk-action"),
    path(f"{_HERE}<int:action_id>/cancel/", BulkCancel.as_view(), name="bulk-action-cancel"),
    path(f"{_HERE}<int:action_id>/retry/", BulkRetry.as_view(), name="bulk-action-retry"),
]
