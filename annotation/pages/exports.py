"""Download what was answered: choose, look, download, or take the command along."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone

from annotation import filtering
from annotation.errors import InvalidInput
from annotation.models import Project
from annotation.pages.base import ProjectPage
from annotation.reports import exports
from annotation.reports.export_sql import Wanted
from annotation.roles import Action, may

FRAGMENT = "annotation/exports_preview.html"
PREVIEWED = 5
COUNTED = 100_000
MOST_CHOICES = 500
FORMATS = [("jsonl", "JSON lines"), ("csv", "CSV")]
PER = [("annotation", "One row for each answer"), ("item", "One row for each item")]


class ExportForm(forms.Form):
    """The parameters of the REST route."""

    format = forms.ChoiceField(required=False, choices=FORMATS)
    per = forms.ChoiceField(required=False, choices=PER)
    where = forms.CharField(required=False, max_length=filtering.LONGEST)
    annotator = forms.CharField(required=False, max_length=150)
    since = forms.DateField(required=False)
    safe = forms.BooleanField(required=False)

    def asked(self) -> dict[str, str]:
        """What differs from the defaults, as a query string takes it."""
        data = {name: value for name, value in self.cleaned_data.items() if value}
        if "since" in data:
            data["since"] = self._begin().isoformat()
        if data.get("safe") and data.get("format") == "csv":
            data["safe"] = "1"
        else:
            data.pop("safe", None)
        if data.get("per") == "annotation":
            del data["per"]
        return {**data, "format": self.cleaned_data["format"] or "jsonl"}

    def _begin(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.cleaned_data["since"], time.min))

    def wanted(self, project: Project, *, gold: bool) -> Wanted:
        """Raises InvalidInput."""
        if not self.is_valid():
            raise InvalidInput("These choices cannot be read.")
        data = self.cleaned_data
        return exports.wanted(
            project,
            where=filtering.checked(project, data["where"], gold=gold),
            annotator=data["annotator"],
            format=data["format"] or "jsonl",
            per=data["per"] or "annotation",
            since=self._begin() if data["since"] else None,
            safe=data["safe"],
            gold=gold,
        )


class Exports(ProjectPage):
    template = "annotation/exports.html"
    action = Action.EXPORT
    tab = "items"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = ExportForm(request.GET)
        try:
            gold = may(self.project.role_of(self.user()), Action.CONFIGURE)
            wanted = form.wanted(self.project, gold=gold)
            preview = self._preview(form, wanted)
        except InvalidInput as error:
            fault = " ".join(fault.message for fault in error.faults) or str(error)
            return self.render(status=422, fragment=FRAGMENT, fault=fault, form=form, **self._choices())
        return self.render(fragment=FRAGMENT, form=form, wanted=wanted, **preview, **self._choices())

    def _preview(self, form: ExportForm, wanted: Wanted) -> dict[str, Any]:
        with filtering.time_limit():
            count = exports.count_up_to(wanted, COUNTED + 1)
        query = urlencode(form.asked())
        url = f"{reverse('api:annotations', args=[self.project.pk])}?{query}"
        return {
            "found": min(count, COUNTED),
            "more": count > COUNTED,
            "first_rows": exports.preview(wanted, PREVIEWED) if count else "",
            "download": url,
            "curl": f"curl -OJ -H 'Authorization: Token YOUR-TOKEN' '{self.request.build_absolute_uri(url)}'",
        }

    def _choices(self) -> dict[str, Any]:
        people = self.project.memberships.filter(answered__gt=0).select_related("user")[:MOST_CHOICES]
        return {
            "formats": FORMATS,
            "pers": PER,
            "people": [member.user for member in people],
            "crumbs": [("Data", reverse("items", args=[self.project.pk])), ("Export", "")],
        }


urlpatterns = [path("projects/<int:project_id>/export/", Exports.as_view(), name="exports")]
