"""Between which ids to look.

Items are paged by id. Wherever another table is asked about the same items, the bounds of the page are repeated for
it: PostgreSQL does not carry `id > 7` over `id = item_id` by itself, and would start reading at the first row of all.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import BooleanField, F, Func, Q, TextField, Value


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
    template = "(%(expressions)s::bigint[]))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def among(ids: str) -> Q:
    """Items with these ids, an array as PostgreSQL writes it: thousands of parameters take longer than what they ask for."""
    return Q(_Among(F("pk"), Value(ids, output_field=TextField())))
