"""Who changed what in a project."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from annotation.errors import InvalidInput
from annotation.models import User
from annotation.pages.base import ProjectPage
from annotation.reports.audit import KINDS, SOURCES, Wanted, project_events
from annotation.roles import Action

PAGE = 50
MOST_PEOPLE = 500
KIND_NAMES = {
    "bulk": "Bulk actions",
    "dataset": "Imports",
    "file": "Files of the project",
    "flag": "Flags",
    "gold": "Gold questions",
    "item": "Items",
    "membership": "Members",
    "project": "Project",
    "schema": "Schema",
    "snapshot": "Snapshots",
    "tag": "Tags",
    "view": "Saved views",
    "webhook": "Webhooks",
}


class HistoryForm(forms.Form):
    kind = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Everything"),
            *((kind, KIND_NAMES.get(kind) or SOURCES[kind].title) for kind in KINDS),
        ],
    )
    user = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    after = forms.CharField(required=False, max_length=100)

    def wanted(self) -> Wanted:
        """Raises InvalidInput. Days are those of the reader, and the last one counts."""
        if not self.is_valid():
            raise InvalidInput("These filters cannot be read.")
        data = self.cleaned_data
        return Wanted(
            kinds=(data["kind"],) if data["kind"] else tuple(KINDS),
            user_id=data["user"],
            since=_midnight(data["since"]),
            until=_midnight(data["until"], days=1),
            after=data["after"],
            limit=PAGE,
        )


def _midnight(day: Any, *, days: int = 0) -> datetime | None:
    """The beginning of a day in the reader's time zone; None for years that no calendar reaches."""
    try:
        return timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min)) if day else None
    except OverflowError:
        return None


class History(ProjectPage):
    template = "annotation/history.html"
    action = Action.AUDIT
    tab = "history"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = HistoryForm(request.GET)
        try:
            wanted = form.wanted()
            events = project_events(project=self.project, wanted=wanted)
        except InvalidInput:
            return self._page(form, status=422, fault="These filters cannot be read.")
        shown = events[:PAGE]
        return self._page(
            form,
            events=shown,
            next=self._url(after=shown[-1].cursor) if len(events) > PAGE else "",
            first=self._url() if wanted.after else "",
            filtered=any(request.GET.get(name) for name in ("kind", "user", "since", "until")),
        )

    def _page(self, form: HistoryForm, *, status: int = 200, **context: Any) -> HttpResponse:
        people = User.objects.filter(memberships__project=self.project).order_by("username")[:MOST_PEOPLE]
        return self.render(
            status=status,
            fragment="annotation/history_list.html",
            form=form,
            people=people,
            chosen=self.request.GET.get("user", ""),
            crumbs=[("History", "")],
            **context,
        )

    def _url(self, **place: str) -> str:
        names = ("kind", "user", "since", "until")
        kept = {name: self.request.GET[name] for name in names if self.request.GET.get(name)}
        return f"?{urlencode({**kept, **place})}"


urlpatterns = [path("projects/<int:project_id>/history/", History.as_view(), name="project-history")]
