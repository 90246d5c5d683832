"""Comparisons of fields with values: numbers with numbers, times with times, texts letter by letter."""

from __future__ import annotations

import math
import unicodedata
from functools import partial
from typing import Any

import polars as pl

from labelmodel.functions import checking
from labelmodel.functions.batch import Batch, times
from labelmodel.functions.types import (
    Apply,
    Cast,
    Context,
    Definition,
    Kind,
    Path,
    Resources,
    not_looked_at,
)
from labelmodel.functions.voting import first_wins

MOST_CONDITIONS = 200
MOST_VALUES = 1_000
MOST_CHARACTERS = 1_000
LISTS = ("all", "any", "not")
RULE = ("label", *LISTS)
OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in", "missing", "present")
READINGS = ("number", "date", "text")
UNARY = frozenset({"missing", "present"})


def check(given: Definition, context: Context) -> Definition:
    notes = checking.Notes()
    known = checking.keys(notes, (), given, ("case", "rules", *RULE))
    case = checking.choice(notes, ("case",), known.get("case"), default=False)
    rules = [_rule(notes, path, rule, context) for path, rule in checking.rules(notes, known, RULE)]
    count = sum(len(rule.get(key, ())) for rule in rules for key in LISTS)
    if count > MOST_CONDITIONS:
        notes.add((), f"There are {count} conditions; at most {MOST_CONDITIONS} are allowed.")
    notes.raise_any()
    return {"case": case, "rules": rules}


def _rule(notes: checking.Notes, path: Path, rule: dict[str, Any], context: Context) -> dict[str, Any]:
    found: dict[str, Any] = {"label": checking.label(notes, (*path, "label"), rule.get("label"), context)}
    for key in LISTS:
        given = rule.get(key)
        if given is not None and not isinstance(given, list):
            notes.add(
                (*path, key), 'This is a list of conditions: [{"field": "price", "is": "<", "value": 5}].'
            )
        elif given:
            places = [(*path, key, position) for position in range(len(given))]
            found[key] = [_condition(notes, *one, context) for one in zip(places, given, strict=True)]
    if all(rule.get(key) in (None, []) for key in ("all", "any")):
        only = " that must hold; those that must not hold only exclude." if rule.get("not") else "."
        notes.add((*path, "all"), f"Give at least one condition{only}")
    return found


def _condition(notes: checking.Notes, path: Path, given: Any, context: Context) -> dict[str, Any]:
    known = checking.keys(notes, path, given, ("field", "is", "value", "as"))
    name = checking.field(notes, (*path, "field"), known.get("field"), context)
    operator = known.get("is", "=")
    if operator not in OPERATORS:
        notes.add(
            (*path, "is"), f"There is no “{checking.short(operator)}”; there are {', '.join(OPERATORS)}."
        )
    found = {"field": name, "is": operator}
    if operator in UNARY:
        if "value" in known or "as" in known:
            notes.add(path, f"“{operator}” takes no value.")
        return found
    reading = known.get("as", _reading(known.get("value"), context.fields.get(name)))
    if reading not in READINGS:
        notes.add((*path, "as"), f"A value is compared as one of {', '.join(READINGS)}.")
    value = known.get("value")
    if value is None:
        say = "Say what value" if "value" not in known else "null is no value: say “missing”, or what value"
        notes.add((*path, "value"), f"{say} the field is compared with.")
    else:
        value = _value(notes, (*path, "value"), value, operator, reading)
    return {**found, "value": value, "as": reading}


def _reading(value: Any, kind: str | None) -> str:
    """How a value is meant where that is not said."""
    if isinstance(value, list):
        return _reading(value[0], kind) if value else "text"
    if kind == "number" or _is_number(value):
        return "number"
    return "date" if isinstance(value, str) and _time(value) is not None else "text"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e300


def _value(notes: checking.Notes, path: Path, given: Any, operator: str, reading: str) -> Any:
    if operator != "in":
        return _single(notes, path, given, reading)
    if not isinstance(given, list) or not given or len(given) > MOST_VALUES:
        notes.add(path, f"“in” takes a list of 1 to {MOST_VALUES} values.")
        return []
    return [_single(notes, (*path, position), value, reading) for position, value in enumerate(given)]


def _single(notes: checking.Notes, path: Path, given: Any, reading: str) -> Any:
    if type(given) in (int, float) and not _is_number(given):
        notes.add(path, "This number is too large.")
    elif reading == "number" and not _is_number(given):
        notes.add(path, "This must be a number.")
    elif reading == "date" and not (isinstance(given, str) and _time(given) is not None):
        notes.add(path, "This must be a date or time, such as 2026-03-31 or 2026-03-31T18:00:00Z.")
    elif reading == "text" and isinstance(given, bool):
        notes.add(path, f"Write the value as text: “{str(given).lower()}”.")
    elif reading == "text" and not (isinstance(given, str) and len(given) <= MOST_CHARACTERS):
        notes.add(path, f"This must be a text of at most {MOST_CHARACTERS} characters.")
    return given


def _time(value: str) -> int | None:
    found: int | None = times(pl.Series([value[:60]], dtype=pl.String))[0]
    return found


def reads(definition: Definition) -> frozenset[str]:
    rules = definition["rules"]
    return frozenset(one["field"] for rule in rules for key in LISTS for one in rule.get(key, ()))


def compile(definition: Definition, context: Context, resources: Resources) -> Apply:
    labels = [context.position(rule["label"]) for rule in definition["rules"]]
    return partial(_apply, definition["rules"], definition["case"], labels)


def _apply(rules: list[dict[str, Any]], case: bool, labels: list[int], batch: Batch) -> Cast:
    passes = []
    for rule in rules:
        if batch.late:
            return not_looked_at(batch)
        passes.append(_passes(rule, case, batch))
    return Cast(first_wins(passes, labels, len(batch)))


def _passes(rule: dict[str, Any], case: bool, batch: Batch) -> pl.Series:
    held = {key: [_holds(one, case, batch) for one in rule.get(key, ())] for key in LISTS}
    passed = pl.Series([True]).new_from_index(0, len(batch))
    for one in held["all"]:
        passed = passed & one
    if held["any"]:
        passed = passed & _either(held["any"])
    return passed & ~_either(held["not"]) if held["not"] else passed


def _either(some: list[pl.Series]) -> pl.Series:
    found = some[0]
    for one in some[1:]:
        found = found | one
    return found


def _holds(condition: dict[str, Any], case: bool, batch: Batch) -> pl.Series:
    """Where the condition holds; nothing but "missing" holds of what is missing, or cannot be read so."""
    name, operator = condition["field"], condition["is"]
    if operator in UNARY:
        missing = batch.text(name).is_null()
        return missing if operator == "missing" else ~missing
    reading, value = condition["as"], condition["value"]
    column = _column(name, reading, case, batch)
    if operator == "in":
        wanted = [_meant(one, reading, case) for one in value]
        return column.is_in(pl.Series(wanted, dtype=column.dtype)).fill_null(False)
    return _compared(column, operator, _meant(value, reading, case)).fill_null(False)


def _column(name: str, reading: str, case: bool, batch: Batch) -> pl.Series:
    if reading == "number":
        return batch.number(name)
    return batch.time(name) if reading == "date" else batch.compared(name, case=case)


def _meant(value: Any, reading: str, case: bool) -> Any:
    if reading == "number":
        return float(value)
    if reading == "date":
        return _time(value)
    composed = unicodedata.normalize("NFC", value)
    return composed if case else composed.lower()


def _compared(column: pl.Series, operator: str, value: Any) -> pl.Series:
    compare = {
        "=": column.__eq__,
        "!=": column.__ne__,
        "<": column.__lt__,
        "<=": column.__le__,
        ">": column.__gt__,
        ">=": column.__ge__,
    }
    found: pl.Series = compare[operator](value)
    return found


COMPARISON = Kind(
    "comparison",
    "Comparison",
    "Votes where fields are equal to, below or above a value, or missing.",
    check,
    reads,
    compile,
)
