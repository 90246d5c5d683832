"""Between which ids to look.

Items are paged by id. Wherever another table is asked about the same items, the bounds of the page are repeated for
it: PostgreSQL does not carry `id > 7` over `id = item_id` by itself, and would start reading at the first row of all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, BooleanField, F, Func, Q, Value


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ids between these two, both left out; without any, all."""

    low: int | None = None
    high: int | None = None

    def of(self, name: str) -> Q:
        between = Q() if self.low is None else Q(**{f"{name}__gt": self.low})
        return between if self.high is None else between & Q(**{f"{name}__lt": self.high})


ALL = Bounds()


class _Among(Func):
    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def among(ids: Iterable[int]) -> Q:
    """Items with these ids, as one array: thousands of parameters take longer than what they ask for."""
    return Q(_Among(F("pk"), Value(sorted(set(ids)), output_field=ArrayField(BigIntegerField()))))
