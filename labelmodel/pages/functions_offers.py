"""What may be chosen in the editor, as one types: its controls ask for it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from annotation.roles import Action
from labelmodel.pages.functions import FunctionsPage
from labelmodel.reports.function_offers import offered

LONGEST = 200


class Offers(FunctionsPage):
    action = Action.WRITE_FUNCTIONS

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        question, typed = self.question(request.GET.get("question", "")), request.GET.get("q", "")[:LONGEST]
        kind = request.GET.get("kind", "")
        found = offered(self.project, str(question["name"]), kind, typed) if question else []
        return JsonResponse({"offers": [[one.value, one.words] for one in found]})


urlpatterns = [
    path("projects/<int:project_id>/functions/offers/", Offers.as_view(), name="function-offers"),
]
