"""The items that pass a filter, as one query."""

from __future__ import annotations

import re
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Q, QuerySet

from annotation.expressions import And, Condition, Expression, Not
from annotation.filtering.bounds import ALL, Bounds
from annotation.filtering.checking import Where
from annotation.models import Item, Project


def matching(project: Project, where: Where, bounds: Bounds | None = None) -> QuerySet[Item]:
    """The project's items that pass, without order."""
    bounds = bounds or ALL
    return Item.objects.filter(bounds.of("pk"), condition(where, bounds), project=project).order_by()


def sql(project: Project, where: Where, name: str = "where") -> tuple[str, dict[str, Any]]:
    """The ids of the items that pass, as a statement for others to build in, with parameters by names that begin with
    `name`."""
    text, values = matching(project, where).values("pk").query.sql_with_params()
    params = {f"{name}_{number}": value for number, value in enumerate(values)}
    names = iter(params)
    # What Django writes as %% stays as it is.
    return re.sub(
        r"%%|%s", lambda found: found[0] if found[0] == "%%" else f"%({next(names)})s", text
    ), params


def condition(where: Where, bounds: Bounds) -> Q:
    return _condition(where, where.expression, bounds)


def _condition(where: Where, expression: Expression, bounds: Bounds) -> Q:
    if isinstance(expression, Condition):
        return where.tests[expression].passes(bounds)
    if isinstance(expression, Not):
        return ~_condition(where, expression.of, bounds)
    parts = [_condition(where, part, bounds) for part in expression.parts]
    return reduce(and_ if isinstance(expression, And) else or_, parts, Q())
