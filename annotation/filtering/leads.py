"""Where to begin: the indexes from which a filter's items, and few others, can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from annotation.expressions import And, Condition, Expression, Not, Or, write
from annotation.filtering.bounds import ALL
from annotation.filtering.checking import Where
from annotation.filtering.fields import Source, joined


@dataclass(frozen=True, slots=True)
class Lead:
    """Ids among which all that pass are; about how many they are, as the planner's statistics say."""

    text: str
    source: Source
    rows: int


def leads_of(where: Where) -> list[Lead]:
    """The shortest first."""
    return sorted(_leads(where, where.expression), key=lambda lead: lead.rows)


def _leads(where: Where, expression: Expression, *, turned: bool = False) -> Iterator[Lead]:
    """`turned`: for what does not pass the expression."""
    if isinstance(expression, Condition):
        test = where.tests[expression]
        yield from _lead(expression, test.opposite if turned else test.source)
    elif isinstance(expression, Not):
        yield from _leads(where, expression.of, turned=not turned)
    elif isinstance(expression, And) is not turned:
        yield from _joint(where, expression, turned)
        for part in expression.parts:
            yield from _leads(where, part, turned=turned)
    else:
        best = []
        for part in expression.parts:
            leads = list(_leads(where, part, turned=turned))
            if not leads:
                return
            best.append(min(leads, key=lambda lead: lead.rows))
        yield Lead(write(expression), joined([lead.source for lead in best]), sum(lead.rows for lead in best))


def _joint(where: Where, expression: And | Or, turned: bool) -> Iterator[Lead]:
    for group, source in where.joint.items():
        if not turned and set(group) <= set(expression.parts):
            yield from _lead(And(group), source)


def _lead(expression: Expression, source: Source | None) -> Iterator[Lead]:
    if source:
        plan = orjson.loads(source.ids(ALL).explain(format="json"))
        yield Lead(write(expression), source, int(plan[0]["Plan"]["Plan Rows"]))
