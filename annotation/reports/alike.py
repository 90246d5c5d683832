"""Pairs of items that are nearly the same, side by side, and what one item says of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from annotation.models import Alike, Item, Project

MOST_COUNTED = 10_000
MOST_LATER = 10


@dataclass(frozen=True, slots=True)
class Likeness:
    """An item beside the one of a page: an earlier one, or one of those that came later."""

    item: int
    key: str
    state: str
    similarity: float


def open_pairs(project: Project) -> QuerySet[Alike]:
    """Those of which neither is retired, in the order in which the later ones came."""
    found = Alike.objects.filter(item__project=project).exclude(item__state=Item.State.RETIRED)
    return found.exclude(of__state=Item.State.RETIRED).order_by("item")


def pairs(project: Project, *, after: int = 0, limit: int = 20) -> list[Alike]:
    """Open pairs behind an item, with both items."""
    found = open_pairs(project).filter(item__gt=after).select_related("item", "of")
    return list(found[:limit])


def count(project: Project) -> int:
    """How many open pairs there are, counted up to MOST_COUNTED."""
    return open_pairs(project)[:MOST_COUNTED].count()


def earlier(item: Item) -> Likeness | None:
    """The item that this one is nearly the same as."""
    found = Alike.objects.select_related("of").filter(item=item).first()
    return Likeness(found.of_id, found.of.key, found.of.state, found.similarity) if found else None


def later(item: Item) -> list[Likeness]:
    """The first items that are nearly the same as this one and came after it."""
    found: Any = Alike.objects.select_related("item").filter(of=item).order_by("item")[:MOST_LATER]
    return [Likeness(one.item_id, one.item.key, one.item.state, one.similarity) for one in found]
