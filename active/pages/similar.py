"""Items that are like one: the card on its page, and all of them as a table."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from active.reports import similar as report
from active.services import similar
from active.tasks import similar_soon
from annotation.errors import InvalidInput, NotFound
from annotation.models import Item
from annotation.pages.base import ProjectPage
from annotation.pages.forms import tell
from annotation.pages.payloads import media_url
from annotation.roles import Action, may
from annotation.services.access import item_for

ON_CARD, IN_TABLE = 6, 100


class SimilarPage(ProjectPage):
    action = Action.BROWSE
    tab = "items"

    def item(self, item_id: int) -> Item:
        found = item_for(user=self.user(), item_id=item_id, action=Action.BROWSE)
        if found.project_id != self.project.pk:
            raise NotFound("There is no such item in this project.")
        return found

    def neighbours(self, item: Item, *, limit: int, where: str = "") -> dict[str, Any]:
        """What templates need: how far it is, and the rows where there are some. Raises InvalidInput."""
        there = report.standing_of(item)
        rows: list[Any] = []
        if there.state == "ready":
            gold = may(self.project.role_of(self.user()), Action.CONFIGURE)
            found = report.nearest(item=item, where=where, limit=limit, gold=gold).rows
            rows = [(one, media_url(self.project.pk, one.excerpt.image)) for one in found]
        return {"item": item, "there": there, "rows": rows, "where": where}


class SimilarItems(SimilarPage):
    template = "active/similar.html"

    def get(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        item, where = self.item(item_id), request.GET.get("where", "")
        crumbs = [
            ("Data", reverse("items", args=[project_id])),
            (item.key, reverse("item", args=[project_id, item.pk])),
            ("Similar items", ""),
        ]
        try:
            found = self.neighbours(item, limit=IN_TABLE, where=where)
        except InvalidInput as error:
            fault = " ".join(one.message for one in error.faults) or str(error)
            found = {**self.neighbours(item, limit=0), "where": where, "fault": fault}
        status = 422 if found.get("fault") else 200
        return self.render(
            status=status, fragment="active/similar_found.html", crumbs=crumbs, most=IN_TABLE, **found
        )


class SimilarCard(SimilarPage):
    """The fragment on an item's page; by itself it leads to the table."""

    def get(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        if not request.htmx:  # type: ignore[attr-defined]
            return redirect("similar", project_id, item_id)
        self.template = "active/similar_card.html"
        response = self.render(**self.neighbours(self.item(item_id), limit=ON_CARD))
        patch_vary_headers(response, ["HX-Request"])
        return response


class SimilarOn(SimilarPage):
    action = Action.IMPORT

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        tell(
            request,
            lambda: similar.turn_on(project=self.project, by=self.user()),
            done="A worker prepares the vectors; similar items appear as soon as it is done.",
        )
        similar_soon(project_id)
        return _back(request, project_id)


class SimilarOff(SimilarPage):
    action = Action.CONFIGURE

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        tell(
            request,
            lambda: similar.turn_off(project=self.project, by=self.user()),
            done="A worker removes the vectors.",
        )
        similar_soon(project_id)
        return _back(request, project_id)


def _back(request: HttpRequest, project_id: int) -> HttpResponse:
    """To the page that the button stood on."""
    there = request.POST.get("next", "")
    if there.startswith("/") and url_has_allowed_host_and_scheme(there, allowed_hosts=None):
        return redirect(there)
    return redirect("items", project_id)


_PROJECT = "projects/<int:project_id>/"
urlpatterns = [
    path(f"{_PROJECT}items/<int:item_id>/similar/", SimilarItems.as_view(), name="similar"),
    path(f"{_PROJECT}items/<int:item_id>/similar/card/", SimilarCard.as_view(), name="similar-card"),
    path(f"{_PROJECT}similar/on/", SimilarOn.as_view(), name="similar-on"),
    path(f"{_PROJECT}similar/off/", SimilarOff.as_view(), name="similar-off"),
]
