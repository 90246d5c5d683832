"""Whether a project can answer a filter, with every name and value in it looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from annotation.errors import Fault, InvalidInput, NotAllowed
from annotation.expressions import (
    EVERYTHING,
    And,
    Condition,
    Expression,
    Not,
    Or,
    all_of,
    compared_together,
    conditions,
    parse,
    write,
)
from annotation.filtering import (
    answer_fields,
    consensus_fields,
    item_fields,
    mark_fields,
    payload_fields,
    prediction_fields,
    values,
)
from annotation.filtering.fields import FIELDS, Field, Scope, Source, Test, Unfit, about, register
from annotation.models import Project

for _module in (item_fields, payload_fields, answer_fields, consensus_fields, prediction_fields, mark_fields):
    register(*_module.FIELDS)


@dataclass(frozen=True, slots=True)
class Where:
    """A filter that one project can answer. `text` is how it is written, the same for all that say the same."""

    text: str = ""
    expression: Expression = EVERYTHING
    tests: Mapping[Condition, Test] = field(default_factory=dict, compare=False)
    # Whether it was checked for somebody who may know gold questions: what it counts is told to nobody else.
    gold: bool = False
    # Where to read from for conditions that hold together.
    joint: Mapping[tuple[Condition, ...], Source] = field(default_factory=dict, compare=False)
    # As `text`, with times that are meant from now on as the moments that they were when this was checked: for work that
    # may begin again later.
    fixed: str = field(default="", compare=False)

    def __bool__(self) -> bool:
        return self.expression != EVERYTHING


EVERY_ITEM = Where()


def checked(project: Project, text: str, *, gold: bool) -> Where:
    """The filter `text` for this project. `gold`: whether the reader may know which items are gold questions.

    Raises InvalidInput with a fault for each condition that cannot be answered, and NotAllowed for what only they may ask
    who may configure the project.
    """
    scope = Scope(project, gold, timezone.now().replace(microsecond=0))
    expression = parse(text)
    tests: dict[Condition, Test] = {}
    faults = []
    for condition in conditions(expression):
        try:
            tests[condition] = _test(scope, condition)
        except Unfit as error:
            faults.append(Fault(("where", condition.position), str(error)))
    if faults:
        raise InvalidInput(faults[0].message, faults=faults)
    fixed = write(_fixed(scope, expression))
    return Where(write(expression), expression, tests, gold, _joint(scope, expression), fixed)


def _fixed(scope: Scope, expression: Expression) -> Expression:
    """With times as they are for good."""
    if isinstance(expression, Not):
        return Not(_fixed(scope, expression.of))
    if isinstance(expression, And | Or):
        return type(expression)(tuple(_fixed(scope, part) for part in expression.parts))
    if FIELDS[expression.field].kind != "time":
        return expression
    return replace(expression, values=tuple(values.fixed(value, scope.now) for value in expression.values))


def _joint(scope: Scope, expression: Expression) -> dict[tuple[Condition, ...], Source]:
    """Comparisons of one field on both sides, which each alone let half of all items pass."""
    found: dict[tuple[Condition, ...], Source] = {}
    for group in compared_together(expression):
        between = FIELDS[group[0].field].between
        if between and (source := between(scope, group)):
            found[group] = source
    return found


def _test(scope: Scope, condition: Condition) -> Test:
    known = FIELDS.get(condition.field)
    if known is None:
        raise Unfit(_unknown(condition.field, gold=scope.gold))
    if known.secret and not scope.gold:
        raise NotAllowed(f"Only those who may configure the project can filter by “{known.name}”.")
    _check_part(scope, known, condition)
    _check_operator(known, condition)
    if condition.operator == "!=":
        return _turned(known.test(scope, replace(condition, operator="=")))
    operator = "=" if condition.operator == "in" else condition.operator
    return known.test(scope, replace(condition, operator=operator))


def _turned(test: Test) -> Test:
    return Test(lambda bounds: ~test.passes(bounds), test.opposite, test.source)


def _check_part(scope: Scope, known: Field, condition: Condition) -> None:
    if condition.part and not known.part:
        raise Unfit(f"“{known.name}” stands alone, without “.{condition.part[:60]}”.")
    if known.part and not condition.part and not known.part_optional:
        raise Unfit(f"Say which {known.part}: {known.example}.")
    if known.part == "question" and condition.part and condition.part not in scope.questions:
        names = ", ".join(list(scope.questions)[:20]) or "none yet"
        raise Unfit(f"The current schema has no question “{condition.part[:60]}”; its questions: {names}.")


def _check_operator(known: Field, condition: Condition) -> None:
    if condition.operator in known.operators:
        return
    if known.operators == ("",):
        raise Unfit(f"“{known.name}” stands alone: {known.example}.")
    words = ", ".join({"": "nothing", "missing": "is missing"}.get(one, one) for one in known.operators)
    said = {"": "no comparison", "missing": "is missing"}.get(condition.operator, condition.operator)
    raise Unfit(f"“{known.name}” takes {words}, not {said}: {known.example}.")


def with_rows(where: Where, rows: QuerySet[Any, Any]) -> Where:
    """The same filter, and that one of these rows is about the item; they have a column `item`."""
    own = Condition(f"({rows.model._meta.verbose_name_plural})")
    tests = {**where.tests, own: about(rows, ordered=True)}
    return Where(where.text, all_of([where.expression, own]), tests, where.gold, where.joint, where.fixed)


def _unknown(name: str, *, gold: bool) -> str:
    names = [one for one, field in FIELDS.items() if gold or not field.secret]
    near = get_close_matches(name, names, n=1)
    hint = f"Did you mean “{near[0]}”?" if near else f"There are {', '.join(names)}."
    return f"There is no field “{name[:60]}”. {hint}"
