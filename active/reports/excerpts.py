"""The first words of items, and their picture, as lists of them show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Left

from annotation.models import Item, Project

CHARACTERS = 160
MOST_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`image` is the name of a picture among the project's media; empty where items have none."""

    text: str = ""
    image: str = ""


NOTHING = Excerpt()


def excerpts(*, project: Project, items: Sequence[int]) -> dict[int, Excerpt]:
    """{item id: its fields of text and numbers, cut short, and its first picture}, in one query; where the schema shows
    neither, the payload as a whole."""
    fields = [
        field for field in (project.schema.fields if project.schema else ()) if field.get("type") != "hidden"
    ]
    pictures = [field["name"] for field in fields if field.get("type") == "image"][:1]
    names = [field["name"] for field in fields if field.get("type") != "image"][:MOST_FIELDS]
    texts: list[Any] = [KeyTextTransform(name, "payload") for name in names]
    if not fields:
        texts = [Cast("payload", TextField())]
    columns = {f"part_{n}": Left(text, CHARACTERS) for n, text in enumerate(texts)}
    columns |= {
        f"picture_{n}": Left(KeyTextTransform(name, "payload"), 500) for n, name in enumerate(pictures)
    }
    rows = Item.objects.filter(pk__in=items).annotate(**columns).values_list("pk", *columns)
    return {pk: _excerpt(parts[: len(texts)], parts[len(texts) :]) for pk, *parts in rows}


def _excerpt(words: list[str | None], pictures: list[str | None]) -> Excerpt:
    text = " · ".join(filter(None, words))
    cut = text if len(text) <= CHARACTERS else text[: CHARACTERS - 1] + "…"
    return Excerpt(cut, next(filter(None, pictures), ""))
