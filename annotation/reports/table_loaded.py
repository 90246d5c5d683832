"""What the cells of a page of the data table are read from: each kind of fact by one query, and only if some column asks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Left

from annotation.models import Annotation, Consensus, GoldQuestion, Item, ItemTag, Lease, Project
from annotation.readings import Readings, readings_under
from annotation.reports.evidence import chips_of
from annotation.reports.items import Said, current_answers, summary

PREVIEW_CHARACTERS = 160
_COLUMNS = ("pk", "key", "state", "answers", "wanted", "priority", "reason", "created_at", "dataset__name")


class Loaded:
    """Facts about the items of one page. `fields`: of the payload, those that are shown; empty for the whole of it. `gold`:
    whether gold questions may be spoken of."""

    def __init__(
        self, project: Project, ids: Collection[int], fields: Collection[str], *, gold: bool
    ) -> None:
        self.project, self.ids, self.gold = project, list(ids), gold
        self._fields = {name: f"preview_{n}" for n, name in enumerate(dict.fromkeys(fields))}
        self._more: dict[str, Mapping[int, Any]] = {}

    def more(self, name: str, load: Callable[[Project, list[int]], Mapping[int, Any]]) -> Mapping[int, Any]:
        """What a column of another layer knows of these items, loaded once."""
        if name not in self._more:
            self._more[name] = load(self.project, self.ids)
        return self._more[name]

    @cached_property
    def items(self) -> dict[int, dict[str, Any]]:
        previews = {column: Left(_text(name), PREVIEW_CHARACTERS) for name, column in self._fields.items()}
        marks = {
            "open_flags": Count("flags", filter=Q(flags__closed_at=None)),
            "is_gold": Exists(GoldQuestion.objects.filter(item=OuterRef("pk"))),
        }
        found = Item.objects.filter(pk__in=self.ids).order_by("pk").values(*_COLUMNS, **marks, **previews)
        return {row["pk"]: row for row in found}

    @cached_property
    def answers(self) -> dict[int, list[Annotation]]:
        return _grouped((answer.item_id, answer) for answer in current_answers(self.ids))

    @cached_property
    def consensus(self) -> dict[int, dict[str, Consensus]]:
        """By item and question, as the questions are now; what is known of gold questions only to who may know it."""
        rows = Consensus.objects.filter(
            item__in=self.ids, question__in=list(self._form.parts) if self._form else []
        )
        found: dict[int, dict[str, Consensus]] = {}
        for row in rows:
            if self.gold or not self.items[row.item_id]["is_gold"]:
                found.setdefault(row.item_id, {})[row.question] = row
        return found

    @cached_property
    def tags(self) -> dict[int, list[str]]:
        rows = ItemTag.objects.filter(item__in=self.ids).order_by("tag__name")
        return _grouped(rows.values_list("item_id", "tag__name"))

    @cached_property
    def holders(self) -> dict[int, list[str]]:
        rows = Lease.objects.filter(item__in=self.ids, assigned=True, state__in=["assigned", "active"])
        return _grouped(rows.order_by("pk").values_list("item_id", "annotator__username"))

    @cached_property
    def _readings(self) -> Readings | None:
        return readings_under(self.project.schema_id) if self.project.schema_id else None

    @property
    def _form(self) -> Any:
        return self._readings.form if self._readings else None

    def preview(self, item: int, field: str) -> str:
        return self.items[item][self._fields[field]] or ""

    def said(self, item: int) -> tuple[Said, ...]:
        return summary(self._readings, self.answers.get(item, ())) if self._readings else ()

    def annotators(self, item: int) -> tuple[str, ...]:
        return tuple(answer.annotator.username for answer in self.answers.get(item, ()))

    def answered_at(self, item: int) -> datetime | None:
        given = self.answers.get(item)
        return given[-1].created_at if given else None

    def given(self, item: int) -> tuple[int, int]:
        """How many have answered, of how many; a gold question says what an ordinary item would (reports/blind.py)."""
        row = self.items[item]
        if row["is_gold"] and not self.gold:
            return self.project.annotations_per_item, self.project.annotations_per_item
        return row["answers"], row["wanted"]

    def consensus_said(self, item: int, question: str = "") -> tuple[Said, ...]:
        return tuple(
            Said(row.question, chip, ())
            for row in self._rows(item, question)
            for chip in chips_of(self._form, row.question, row.value)
        )

    def confidence(self, item: int, question: str = "") -> float | None:
        """That of the most doubtful question, unless one is named."""
        return min((row.confidence for row in self._rows(item, question)), default=None)

    def unanimous(self, item: int, question: str = "") -> bool | None:
        """Whether all who voted said the same; None where fewer than two have."""
        rows = [row for row in self._rows(item, question) if row.votes > 1]
        return all(row.unanimous for row in rows) if rows else None

    def _rows(self, item: int, question: str) -> list[Consensus]:
        rows = self.consensus.get(item, {})
        if question:
            return [rows[question]] if question in rows else []
        return [rows[name] for name in (self._form.parts if self._form else ()) if name in rows]


def _text(field: str) -> Any:
    return KeyTextTransform(field, "payload") if field else Cast("payload", TextField())


def _grouped(pairs: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for item, value in pairs:
        found.setdefault(item, []).append(value)
    return found
