"""Where to begin: the indexes from which a filter's items, and few others, can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import orjson
from django.db.models import QuerySet

from annotation.expressions import And, Condition, Expression, Not, write
from annotation.filtering.bounds import ALL, Bounds
from annotation.filtering.checking import Where
from annotation.filtering.fields import Source


@dataclass(frozen=True, slots=True)
class Lead:
    """Ids among which all that pass are; about how many they are, as the planner's statistics say."""

    text: str
    source: Source
    rows: int


def leads_of(where: Where) -> list[Lead]:
    """The shortest first."""
    return sorted(_leads(where, where.expression), key=lambda lead: lead.rows)


def _leads(where: Where, expression: Expression) -> Iterator[Lead]:
    if isinstance(expression, Condition):
        yield from _lead(expression, where.tests[expression].source)
    elif isinstance(expression, Not):
        if isinstance(expression.of, Condition):
            yield from _lead(expression, where.tests[expression.of].opposite)
    elif isinstance(expression, And):
        for part in expression.parts:
            yield from _leads(where, part)
    else:
        best = [
            min(_leads(where, part), key=lambda lead: lead.rows, default=None) for part in expression.parts
        ]
        if all(best):
            yield _together(expression, [lead for lead in best if lead])


def _lead(expression: Expression, source: Source | None) -> Iterator[Lead]:
    if source:
        plan = orjson.loads(source.ids(ALL).explain(format="json"))
        yield Lead(write(expression), source, int(plan[0]["Plan"]["Plan Rows"]))


def _together(expression: Expression, leads: list[Lead]) -> Lead:
    def ids(bounds: Bounds) -> QuerySet[Any, Any]:
        return reduce(
            lambda one, other: one.union(other, all=True), (lead.source.ids(bounds) for lead in leads)
        )

    return Lead(write(expression), Source(ids, ordered=False), sum(lead.rows for lead in leads))
