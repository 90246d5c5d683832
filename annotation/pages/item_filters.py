"""The filters of the data table, as they stand in an address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest

from annotation.errors import InvalidInput
from annotation.models import Item, Project
from annotation.reports.items_query import Filters, filters_of

RANGE = r"^(0(\.\d{1,6})?|1(\.0{1,6})?)-(0(\.\d{1,6})?|1(\.0{1,6})?)$"


class FilterForm(forms.Form):
    """The same names as over REST, except that some are two in one: `answer` is question and label
    (`sentiment:positive`), `confidence` the least and the most (`0-0.5`)."""

    q = forms.CharField(required=False, max_length=500)
    state = forms.ChoiceField(required=False, choices=[("", ""), *Item.State.choices])
    answer = forms.CharField(required=False, max_length=1100, strip=False)
    annotator = forms.CharField(required=False, max_length=150)
    dataset = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    flagged = forms.BooleanField(required=False)
    gold = forms.BooleanField(required=False)
    disagree = forms.BooleanField(required=False)
    confidence = forms.RegexField(RANGE, required=False, max_length=40)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def filters(self, project: Project) -> Filters:
        """What they mean in this project. Raises InvalidInput."""
        if not self.is_valid():
            raise InvalidInput("These filters cannot be read.")
        data: dict[str, Any] = {name: self.cleaned_data[name] for name in FILTERS}
        question, _, label = data.pop("answer").partition(":")
        if sure := data.pop("confidence"):
            data["min_confidence"], data["max_confidence"] = map(float, sure.split("-"))
        return filters_of(project, question=question, label=label, **data)

    def place(self) -> dict[str, Any]:
        """Where in the list; only after `filters`."""
        return {"after": self.cleaned_data["after"] or 0, "before": self.cleaned_data["before"]}


FILTERS = [name for name in FilterForm.base_fields if name not in {"after", "before"}]


def kept_filters(request: HttpRequest) -> str:
    """The filters of this address as a query string, without the place in the list."""
    return urlencode({name: request.GET[name] for name in FILTERS if request.GET.get(name)})
