"""The endpoints of language models and their keys, for administrators."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path

from annotation.pages.base import Page
from annotation.pages.forms import tell
from labelmodel.reports import endpoint_keys as report
from labelmodel.services import endpoint_keys

COLORS = {"on": "green", "cooling": "amber", "off": "red"}
STATES = {"on": "On", "cooling": "Cools down", "off": "Switched off"}


class Endpoints(Page):
    template = "labelmodel/llm_endpoints.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        self.crumbs = [("Language models", "")]
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        endpoint_keys.administrators_only(self.user())
        found = report.standings()
        rows = [
            (one, [(key, STATES[key.stands], COLORS[key.stands]) for key in one.keys]) for one in found or ()
        ]
        return self.render(rows=rows, away=found is None, changes=endpoint_keys.changes(), crumbs=self.crumbs)


class Change(Page):
    """One button. `verb` is what it does."""

    verb = ""

    def get(self, request: HttpRequest, endpoint: str, key: str = "") -> HttpResponse:
        endpoint_keys.administrators_only(self.user())
        return redirect("llm-endpoints")

    def post(self, request: HttpRequest, endpoint: str, key: str = "") -> HttpResponse:
        by = self.user()
        endpoint_keys.administrators_only(by)
        if self.verb == "put-back":
            said = "The key is used again."
            tell(request, lambda: endpoint_keys.put_back(by=by, endpoint=endpoint, key=key), done=said)
        elif self.verb == "switch-off":
            why, said = request.POST.get("reason", ""), "The key is used no more."
            tell(
                request,
                lambda: endpoint_keys.switch_off(by=by, endpoint=endpoint, key=key, why=why),
                done=said,
            )
        else:
            tell(request, lambda: endpoint_keys.wake(by=by, endpoint=endpoint), done="It is asked again.")
        return redirect("llm-endpoints")


_KEY = "language-models/<str:endpoint>/keys/<str:key>/"
urlpatterns = [
    path("language-models/", Endpoints.as_view(), name="llm-endpoints"),
    path("language-models/<str:endpoint>/wake/", Change.as_view(verb="wake"), name="llm-endpoint-wake"),
    path(f"{_KEY}switch-off/", Change.as_view(verb="switch-off"), name="llm-key-switch-off"),
    path(f"{_KEY}put-back/", Change.as_view(verb="put-back"), name="llm-key-put-back"),
]
