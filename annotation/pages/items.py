"""The data table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import path

from annotation.errors import InvalidInput
from annotation.models import Item, Project
from annotation.pages import item
from annotation.pages.base import ProjectPage
from annotation.pages.item_filters import FilterForm, kept_filters
from annotation.pages.payloads import media_url
from annotation.questions import QUESTION_TYPES
from annotation.reports.items import Page, Row, Said, table
from annotation.reports.items_query import Filters
from annotation.roles import Action, may
from annotation.services.access import check

PAGE = 50
MOST_LABELS = 200
MOST_PEOPLE = 500
MOST_NAMES = 3
FRAGMENT = "annotation/items_table.html"
# How sure the consensus is.
CONFIDENCES = {
    "0-0.5": "Under 50 % sure",
    "0.5-0.8": "50 to 80 % sure",
    "0.8-0.95": "80 to 95 % sure",
    "0.95-1": "95 % sure or more",
}


@dataclass(frozen=True)
class Option:
    """An entry of a select box."""

    value: str
    text: str
    chosen: bool = False


class Items(ProjectPage):
    template = "annotation/items.html"
    action = Action.BROWSE
    tab = "items"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = FilterForm(request.GET)
        try:
            filters = form.filters(self.project)
            if filters.gold:
                check(user=self.user(), project=self.project, action=Action.CONFIGURE)
            page = self._page(form.place(), filters)
        except InvalidInput as error:
            fault = " ".join(fault.message for fault in error.faults) or str(error)
            return self.render(status=422, fragment=FRAGMENT, fault=fault, **self._choices(Filters()))
        return self.render(fragment=FRAGMENT, **self._table(page, filters))

    def _page(self, place: dict[str, Any], filters: Filters) -> Page:
        gold = may(self.project.role_of(self.user()), Action.CONFIGURE)
        return table(project=self.project, filters=filters, limit=PAGE, gold=gold, **place)

    def _table(self, page: Page, filters: Filters) -> dict[str, Any]:
        kept = kept_filters(self.request)
        return {
            "page": page,
            "rows": [_shown(self.project, page, row) for row in page.rows],
            "filters": filters,
            "kept": f"?{kept}" if kept else "",
            "previous": f"?{_join(kept, before=page.previous)}" if page.previous else "",
            "next": f"?{_join(kept, after=page.next)}" if page.next else "",
            "note": _note(page),
            "indexing": bool(filters.q) and _indexing(self.project),
            **self._choices(filters),
        }

    def _choices(self, filters: Filters) -> dict[str, Any]:
        datasets = self.project.datasets.exclude(state="draft").values_list("pk", "name")[:MOST_PEOPLE]
        people = self.project.memberships.filter(answered__gt=0).select_related("user")[:MOST_PEOPLE]
        answer = f"{filters.question}:{filters.label}" if filters.question else ""
        return {
            "crumbs": [("Data", "")],
            "states": [Option(value, text, value == filters.state) for value, text in Item.State.choices],
            "datasets": [Option(str(pk), name, pk == filters.dataset) for pk, name in datasets],
            "people": [
                Option(one.user.username, one.user.username, one.user_id == filters.annotator)
                for one in people
            ],
            "questions": _questions(self.project, answer),
            "confidences": _confidences(self.request.GET.get("confidence", "")),
        }


def _confidences(chosen: str) -> list[Option]:
    """Ranges to choose from; another one that the address names stays among them."""
    known = dict(CONFIDENCES)
    if chosen and chosen not in known:
        known[chosen] = f"Sure: {chosen}"
    return [Option(value, text, value == chosen) for value, text in known.items()]


def _questions(project: Project, answer: str) -> list[tuple[str, list[Option]]]:
    """For each question what to filter by: each label, or that it was answered at all."""
    found = []
    for question in project.schema.questions if project.schema else []:
        name = question["name"]
        options = [Option(f"{name}:", "any answer", answer == f"{name}:")]
        titles = {label["value"]: label["title"] for label in question.get("labels", ())}
        for value in QUESTION_TYPES[question["type"]].values(question) or ():
            options.append(Option(f"{name}:{value}", titles.get(value, value), answer == f"{name}:{value}"))
        # A select box of thousands helps nobody; what is chosen stays in it.
        shown_options = [one for n, one in enumerate(options) if n <= MOST_LABELS or one.chosen]
        if answer.startswith(f"{name}:") and not any(one.chosen for one in shown_options):
            shown_options.append(Option(answer, answer.partition(":")[2], chosen=True))
        found.append((question["title"], shown_options))
    return found


def _shown(project: Project, page: Page, row: Row) -> dict[str, Any]:
    """A row as the template wants it."""
    cells = []
    for field, text in zip(page.fields, row.previews, strict=True):
        image = media_url(project.pk, text) if field.type == "image" else ""
        cells.append({"title": field.title, "type": field.type, "text": text, "image": image})
    return {"item": row, "cells": cells, "said": _by_people(row.said)}


def _by_people(said: tuple[Said, ...]) -> list[dict[str, Any]]:
    """What the same people said on one line, so that most items need only one."""
    lines: dict[tuple[str, ...], list[Said]] = {}
    for one in said:
        lines.setdefault(one.people, []).append(one)
    return [{"who": _names(people), "chips": chips} for people, chips in lines.items()]


def _names(people: tuple[str, ...]) -> str:
    more = len(people) - MOST_NAMES
    return ", ".join(people[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _indexing(project: Project) -> bool:
    """Whether the words of an import are still on their way into the search index."""
    return project.datasets.filter(searchable=False).exclude(state="draft").exists()


def _note(page: Page) -> str:
    if not page.bounded:
        return f"{page.total:,} item{'' if page.total == 1 else 's'}"
    return f"about {_rounded(page.about):,} items" if page.about else f"more than {page.total:,} items"


def _rounded(number: int) -> int:
    """To two figures, for an estimate claims no more."""
    scale = int(10 ** max(0, len(str(number)) - 2))
    return round(number / scale) * scale


def _join(kept: str, **place: int | None) -> str:
    return "&".join(part for part in (kept, urlencode(place)) if part)


urlpatterns = [
    path("projects/<int:project_id>/items/", Items.as_view(), name="items"),
    *item.urlpatterns,
]
