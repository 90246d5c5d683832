"""The data table."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse

from annotation import filtering
from annotation.errors import InvalidInput
from annotation.filtering import Counted, Where
from annotation.models import BulkAction, Project, SavedView
from annotation.pages import filter_editor, item
from annotation.pages.base import ProjectPage
from annotation.pages.item_filters import Address, address_of, renewed
from annotation.pages.payloads import media_url
from annotation.reports.table import Page, Row, table
from annotation.reports.table_columns import Column, columns_of, usual
from annotation.roles import Action, may
from annotation.services import bulk

PAGE = 50
MOST_PEOPLE = 500
MOST_TAGS = 500
FRAGMENT = "annotation/items_table.html"
# Classes of a cell by the kind of its column.
_CSS = {
    "number": "num",
    "share": "num",
    "given": "num",
    "text": "cell-text",
    "image": "cell-text",
    "said": "items-said",
    "time": "nowrap muted",
}


@dataclass(frozen=True)
class Marked:
    """A fault of a filter at its place in the text; all empty where it has none."""

    message: str
    before: str = ""
    at: str = ""
    after: str = ""


@dataclass(frozen=True)
class ViewLink:
    view: SavedView
    query: str
    chosen: bool


class Items(ProjectPage):
    template = "annotation/items.html"
    action = Action.BROWSE
    tab = "items"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponseBase:
        if (kept := renewed(request.GET)) is not None:
            return redirect(reverse("items", args=[project_id]) + kept.query())
        address = Address(where=request.GET.get("where", ""), q=request.GET.get("q", ""))
        try:
            address = self._with_view(address_of(request.GET))
            where = address.checked(self.project, gold=self.gold)
            page = self._page(address, where)
        except InvalidInput as error:
            return self._faulty(address, error)
        return self._show(address, page)

    @property
    def gold(self) -> bool:
        return may(self.project.role_of(self.user()), Action.CONFIGURE)

    def _with_view(self, address: Address) -> Address:
        """An address that only names a view means what the view says."""
        if not address.view or address.where or address.columns:
            return address
        view = self.project.views.filter(pk=address.view).first()
        return replace(address, where=view.where, columns=tuple(view.columns)) if view else address.at(None)

    def _page(self, address: Address, where: Where) -> Page:
        return table(
            project=self.project,
            where=where,
            columns=address.columns,
            after=address.after,
            before=address.before,
            limit=PAGE,
            gold=self.gold,
        )

    def _show(self, address: Address, page: Page) -> HttpResponse:
        return self.render(
            fragment=FRAGMENT,
            page=page,
            rows=[_shown(self.project, page, row) for row in page.rows],
            address=address,
            text=address.text(),
            tree=_tree(address.where),
            kept=address.query(),
            previous=address.query(before=page.previous) if page.previous else "",
            next=address.query(after=page.next) if page.next else "",
            note=_note(page.counted),
            indexing="text ~" in address.text() and _indexing(self.project),
            **self._views(address),
            **self._around(address),
        )

    def _faulty(self, address: Address, error: InvalidInput) -> HttpResponse:
        faults = [_marked(address.where, fault.path, fault.message) for fault in error.faults]
        return self.render(
            status=422,
            fragment=FRAGMENT,
            faults=faults or [Marked(str(error))],
            address=address,
            text=address.where,
            tree=_tree(address.where),
            **self._views(address),
            **self._around(address),
        )

    def _views(self, address: Address) -> dict[str, Any]:
        """The saved views, and whether the one that was opened has been changed since."""
        links = []
        for view in self.project.views.all():
            query = Address(view.where, columns=tuple(view.columns), view=view.pk).query()
            links.append(ViewLink(view, query, view.pk == address.view))
        opened = next((link.view for link in links if link.chosen), None)
        same = opened is not None and _says(address) == (opened.where, tuple(opened.columns))
        return {"views": links, "opened": opened, "is_changed": opened is not None and not same}

    def _around(self, address: Address) -> dict[str, Any]:
        """What only the whole page shows, and htmx does not ask for."""
        if getattr(self.request, "htmx", False):
            return {}
        role = self.project.role_of(self.user())
        acts = [] if self.project.archived_at else bulk.allowed(role)
        people = self.project.memberships.filter(paused_reason="").select_related("user")
        return {
            "crumbs": [("Data", "")],
            "editor": filter_editor.config(self.project, gold=self.gold),
            "listed_columns": _listed(self.project, address),
            "acts": acts,
            "jobs": _recent(self.project, self.user().pk, acts),
            "labelers": [one.user.username for one in people[:MOST_PEOPLE] if one.may(Action.LABEL)]
            if BulkAction.Action.ASSIGN in acts
            else [],
            "all_tags": list(self.project.tags.values_list("name", flat=True)[:MOST_TAGS]),
        }


def _tree(where: str) -> str:
    """What the bar shows, as JSON; empty for a text that cannot be read, which is then shown as text."""
    try:
        return orjson.dumps(filter_editor.tree(filtering.parse(where))).decode()
    except InvalidInput:
        return ""


def _says(address: Address) -> tuple[str, tuple[str, ...]]:
    try:
        return address.text(), address.columns
    except InvalidInput:
        return address.where, address.columns


def _marked(text: str, path: tuple[str | int, ...], message: str) -> Marked:
    if len(path) != 2 or path[0] != "where" or not isinstance(path[1], int):
        return Marked(message)
    start = path[1]
    found = re.compile(r"[^\s()]+|\S").match(text, start)
    end = found.end() if found else start
    return Marked(message, text[:start], text[start:end] or "…", text[end:])


def _listed(project: Project, address: Address) -> list[tuple[Column, bool]]:
    """All columns, the shown ones first in their order, and whether they are shown."""
    known = columns_of(project)
    shown = [name for name in (address.columns or usual(project)) if name in known]
    rest = [name for name in known if name not in shown]
    return [(known[name], name in shown) for name in [*shown, *rest]]


def _recent(project: Project, user_id: int, acts: list[str]) -> list[BulkAction]:
    """This person's bulk actions that go on, or failed last: a reload does not hide them."""
    pending = project.bulk_actions.filter(state__in=["waiting", "running"], action__in=acts)
    found = list(pending.select_related("created_by")[:5])
    last = project.bulk_actions.filter(created_by=user_id).select_related("created_by").first()
    return [*found, *([last] if last and last.state == "failed" and last not in found else [])]


def _shown(project: Project, page: Page, row: Row) -> dict[str, Any]:
    """A row as the template wants it."""
    cells = []
    for column, value in zip(page.columns, row.cells, strict=True):
        image = media_url(project.pk, value) if column.kind == "image" and value else ""
        by_people = _by_people(value) if column.kind == "said" else value
        css = _CSS.get(column.kind, "")
        cells.append(
            {"kind": column.kind, "title": column.title, "css": css, "value": by_people, "image": image}
        )
    return {"item": row, "cells": cells}


def _by_people(said: Any) -> list[dict[str, Any]]:
    """What the same people said on one line, so that most items need only one."""
    lines: dict[tuple[str, ...], list[Any]] = {}
    for one in said:
        lines.setdefault(one.people, []).append(one)
    return [{"who": names(people), "chips": chips} for people, chips in lines.items()]


def names(people: tuple[str, ...] | list[str], most: int = 3) -> str:
    more = len(people) - most
    return ", ".join(people[:most]) + (f" and {more} more" if more > 0 else "")


def _indexing(project: Project) -> bool:
    """Whether the words of an import are still on their way into the search index."""
    return project.datasets.filter(searchable=False).exclude(state="draft").exists()


def _note(counted: Counted) -> str:
    if not counted.bounded:
        return f"{counted.total:,} item{'' if counted.total == 1 else 's'}"
    if counted.about:
        return f"about {_rounded(counted.about):,} items"
    return f"more than {counted.total:,} items"


def _rounded(number: int) -> int:
    """To two figures, for an estimate claims no more."""
    scale = int(10 ** max(0, len(str(number)) - 2))
    return round(number / scale) * scale


urlpatterns = [
    path("projects/<int:project_id>/items/", Items.as_view(), name="items"),
    *item.urlpatterns,
]
