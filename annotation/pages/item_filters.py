"""What the address of the data table says: which items, which columns, which page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, QueryDict

from annotation import filtering
from annotation.errors import InvalidInput
from annotation.filtering import Where, quoted
from annotation.models import Project
from annotation.reports.table_columns import MOST_COLUMNS

MOST_ID = 2**63 - 1
# Names that addresses had before there was one language for filters.
OLDER = ("state", "answer", "annotator", "dataset", "flagged", "gold", "disagree", "confidence")


class PlaceForm(forms.Form):
    after = forms.IntegerField(required=False, min_value=0, max_value=MOST_ID)
    before = forms.IntegerField(required=False, min_value=1, max_value=MOST_ID)
    view = forms.IntegerField(required=False, min_value=1, max_value=MOST_ID)


@dataclass(frozen=True)
class Address:
    """`where` is a filter as text, `q` what the search box says; `columns` are empty for the usual ones."""

    where: str = ""
    q: str = ""
    columns: tuple[str, ...] = ()
    view: int | None = None
    after: int = 0
    before: int | None = None

    def __bool__(self) -> bool:
        return bool(self.where or self.q)

    def text(self) -> str:
        """The filter as a whole. Raises InvalidInput."""
        return filtering.words_filter(self.where, self.q)

    def checked(self, project: Project, *, gold: bool) -> Where:
        """What the filter means in this project. Raises InvalidInput, NotAllowed."""
        return filtering.checked(project, self.text(), gold=gold)

    def query(self, **place: int | None) -> str:
        """As a query string, beginning with `?`, without its place in the list but with this one."""
        kept: list[tuple[str, Any]] = [("where", self.where), ("q", self.q), ("view", self.view)]
        kept += [("column", name) for name in self.columns]
        kept += list(place.items())
        told = urlencode([(name, value) for name, value in kept if value])
        return f"?{told}" if told else ""

    def at(self, view: int | None) -> Address:
        return replace(self, view=view)


def address_of(query: QueryDict) -> Address:
    """Raises InvalidInput for a place that cannot be read."""
    form = PlaceForm(query)
    if not form.is_valid():
        raise InvalidInput("This address cannot be read.")
    data = form.cleaned_data
    return Address(
        where=query.get("where", "").strip(),
        q=query.get("q", "").strip()[:500],
        columns=tuple(dict.fromkeys(name for name in query.getlist("column") if name))[:MOST_COLUMNS],
        view=data["view"],
        after=data["after"] or 0,
        before=data["before"],
    )


def kept_address(request: HttpRequest) -> Address:
    """The list that a page was opened from; all items if the address does not say."""
    try:
        return address_of(request.GET)
    except InvalidInput:
        return Address()


def renewed(query: QueryDict) -> Address | None:
    """An address with names of before as it is written now; None for others."""
    said: dict[str, str] = {name: query.get(name, "") for name in OLDER if query.get(name)}
    if not said:
        return None
    parts = [query.get("where", "")] if query.get("where") else []
    question, _, label = said.pop("answer", "").partition(":")
    if question:
        parts.append(_compared(f"label.{question}", label) if label else f"answered.{question}")
    if sure := said.pop("confidence", ""):
        low, _, high = sure.partition("-")
        about = f"confidence.{question}" if question else "confidence"
        parts.append(f"{about} >= {quoted(low)} and {about} <= {quoted(high)}")
    if said.pop("disagree", ""):
        parts.append(_compared(f"agreement.{question}" if question else "agreement", "disagree"))
    parts += [name for name in ("flagged", "gold") if said.pop(name, "")]
    parts += [_compared(name, value) for name, value in said.items()]
    return Address(where=" and ".join(parts), q=query.get("q", "").strip())


def _compared(name: str, value: str) -> str:
    return f"{name} = {quoted(value)}"
