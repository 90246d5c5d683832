"""What an item's payload says: a field of it, or any words in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import BooleanField, F, FloatField, Func, JSONField, Q, TextField, Value
from django.db.models.fields.json import DataContains
from django.db.models.functions import Coalesce, Collate
from django.db.models.lookups import (
    GreaterThan,
    GreaterThanOrEqual,
    IContains,
    LessThan,
    LessThanOrEqual,
    Lookup,
    Regex,
)

from annotation.expressions import Condition
from annotation.filtering import facts
from annotation.filtering.bounds import Bounds
from annotation.filtering.fields import NEVER, ORDERED, Field, Scope, Source, Test, Unfit, about
from annotation.filtering.words import search_query
from annotation.models import ItemText, Project

_COMPARED: dict[str, type[Lookup[Any]]] = {
    "<": LessThan,
    "<=": LessThanOrEqual,
    ">": GreaterThan,
    ">=": GreaterThanOrEqual,
}


class _Held(Func):
    """A field of the payload; null where it is missing. Django's own reads a name of digits as a position."""

    template = "(%(expressions)s)"
    arg_joiner = " -> "
    output_field = JSONField()


class _Said(Func):
    """The same as text."""

    template = "(%(expressions)s)"
    arg_joiner = " ->> "
    output_field = TextField()


class _Number(Func):
    """A text as a number; null where it is none."""

    template = f"(CASE WHEN %(expressions)s ~ '{facts.NUMBER}' THEN (%(expressions)s)::float8 END)"
    output_field = FloatField()

    def as_sql(self, *args: Any, **kwargs: Any) -> tuple[str, Any]:
        sql, params = super().as_sql(*args, **kwargs)
        return sql, [*params, *params]


def _meta(scope: Scope, condition: Condition) -> Test:
    name, values = condition.part, condition.values
    if condition.operator == "missing":
        missing = Q(payload__contains={name: None}) | ~Q(payload__has_key=name)
        return Test(lambda bounds: missing, opposite=_source(scope.project, [facts.there(name)]))
    if condition.operator == "=":
        terms = [term for value in values for term in facts.of_value(name, value)]
        short = all(len(value) <= facts.LONGEST for value in values)
        return _test(_says(name, values), _source(scope.project, terms) if short else None)
    if condition.operator == "~":
        return _test(IContains(_said(name), values[0]))
    ranges = facts.of_ranges(name, [(condition.operator, values[0])])
    return _test(
        _compared(name, condition.operator, values[0]),
        None if ranges is None else _source(scope.project, ranges),
    )


def _test(passes: Any, source: Source | None = None) -> Test:
    found = passes if isinstance(passes, Q) else Q(Coalesce(passes, False, output_field=BooleanField()))
    return Test(lambda bounds: found, source)


def _said(name: str) -> _Said:
    return _Said(F("payload"), Value(name, output_field=TextField()))


def _says(name: str, values: tuple[str, ...]) -> Q:
    """Containment, not text: `5` finds 5 and 5.0 and "5", alone or in a list (a list contains each of its values)."""
    held = _Held(F("payload"), Value(name, output_field=TextField()))
    found = NEVER
    for value in values:
        for meant in _meanings(value):
            found |= Q(Coalesce(DataContains(held, meant), False, output_field=BooleanField()))
    return found


def _meanings(value: str) -> list[Any]:
    """What a word may stand for in JSON."""
    found: list[Any] = [value]
    if value in {"true", "false"}:
        found.append(value == "true")
    number = facts.number(value)
    return found if number is None else [*found, int(number) if number.is_integer() else number]


def _compared(name: str, operator: str, value: str) -> Any:
    """Numbers with numbers, dates with dates, and other texts letter by letter."""
    compare = _COMPARED[operator]
    number = facts.number(value)
    if number is not None:
        return compare(_Number(_said(name)), number)
    letters = compare(Collate(_said(name), "C"), value)
    if re.match(facts.DATE, value):
        return Q(Coalesce(Regex(_said(name), facts.DATE), False)) & Q(Coalesce(letters, False))
    return letters


def _between(scope: Scope, conditions: Sequence[Condition]) -> Source | None:
    terms = facts.of_ranges(conditions[0].part, [(one.operator, one.values[0]) for one in conditions])
    return None if terms is None else _source(scope.project, terms)


def _source(project: Project, terms: list[str]) -> Source | None:
    """Items of which facts.py says one of these terms; some that do not pass may be among them. None while the facts of
    an import are still being written down."""
    if project.datasets.filter(searchable=False).exclude(state="draft").exists():
        return None
    hashes = [Func(Value(f"{project.pk}.{term}"), Value(0), function="hashtextextended") for term in terms]
    rows = ItemText.objects.filter(facts__overlap=hashes, project=project)

    def ids(bounds: Bounds) -> Any:
        found = rows.filter(bounds.of("item_id"))
        return found.annotate(place=F("item_id")).values_list("place", flat=True)

    return Source(ids, ordered=False)


def _text(scope: Scope, condition: Condition) -> Test:
    words = search_query(condition.values[0])
    if words is None:
        raise Unfit("Say which words: text ~ coffee.")
    found = about(ItemText.objects.filter(words=words, project=scope.project))
    if '"' in condition.values[0] and found.source:
        # The index knows words, not which stand together; and the planner multiplies how rare they are, and is far off when
        # they like to go together. So the nearest items are looked at first.
        return replace(found, source=replace(found.source, late=True))
    return found


FIELDS = (
    Field(
        "text",
        'Words anywhere in the payload: all of them, "phrases", -not, or; the last word may be a beginning.',
        'text ~ "fresh coffee"',
        "text",
        ("~",),
        _text,
    ),
    Field(
        "meta",
        "A field of the payload, as it was imported. ~ finds a part of it, in any case of letters.",
        "meta.source = web",
        "text",
        (*ORDERED, "~", "missing"),
        _meta,
        part="field",
        slow=("~",),
        between=_between,
    ),
)
