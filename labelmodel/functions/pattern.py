"""Regular expressions: a rule passes where its pattern is found in one of the fields."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl

from labelmodel.functions import checking, regex
from labelmodel.functions.batch import Batch
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
from labelmodel.functions.voting import either, first_wins

RULE = ("label", "pattern", "not")


def check(definition: Definition, context: Context) -> Definition:
    notes = checking.Notes()
    known = checking.keys(notes, (), definition, ("fields", "case", "rules", *RULE))
    names = checking.fields(notes, known.get("fields"), context, context.texts)
    case = checking.choice(notes, ("case",), known.get("case"), default=False)
    given = checking.rules(notes, known, RULE)
    _check_weights(notes, [rule.get(key) for _, rule in given for key in ("pattern", "not")])
    rules = [_rule(notes, path, rule, context, case) for path, rule in given]
    notes.raise_any()
    return {"fields": names, "case": case, "rules": rules}


def _check_weights(notes: checking.Notes, patterns: list[Any]) -> None:
    """Raises where preparing them would take long: before any is prepared, as that takes the same time."""
    known = [one[: regex.MOST_CHARACTERS] for one in patterns if isinstance(one, str)]
    if sum(map(regex.weight, known)) > regex.MOST_WEIGHT:
        notes.add(
            ("rules",),
            "These patterns take too long to prepare: use less of classes such as \\w and \\p{...} with "
            "counts, or split the rules into several functions.",
        )
        notes.raise_any()


def _rule(
    notes: checking.Notes, path: Path, rule: dict[str, Any], context: Context, case: bool
) -> dict[str, Any]:
    found = {"label": checking.label(notes, (*path, "label"), rule.get("label"), context)}
    for key in ("pattern", "not"):
        if key == "pattern" or rule.get(key) is not None:
            found[key] = _pattern(notes, (*path, key), rule.get(key), case)
    return found


def _pattern(notes: checking.Notes, path: Path, given: Any, case: bool) -> str:
    if not isinstance(given, str) or not given:
        notes.add(path, "Write a pattern, such as \\bfree\\b.")
        return ""
    if len(given) > regex.MOST_CHARACTERS:
        notes.add(path, f"This has {len(given)} characters; at most {regex.MOST_CHARACTERS} are allowed.")
    elif fault := regex.fault(_with_case(given, case)):
        # Told of the pattern as it was written, so that the place is right.
        notes.add(path, regex.fault(given) or fault)
    return given


def _with_case(pattern: str, case: bool) -> str:
    return pattern if case else f"(?i){pattern}"


def reads(definition: Definition) -> frozenset[str]:
    return frozenset(definition["fields"])


def compile(definition: Definition, context: Context, resources: Resources) -> Apply:
    names, case, rules = definition["fields"], definition["case"], definition["rules"]
    patterns = [
        tuple(_with_case(rule[key], case) if key in rule else None for key in ("pattern", "not"))
        for rule in rules
    ]
    return partial(_apply, names, patterns, [context.position(rule["label"]) for rule in rules])


def _apply(names: list[str], patterns: list[tuple[str | None, ...]], labels: list[int], batch: Batch) -> Cast:
    passes = []
    for wanted, unwanted in patterns:
        if batch.late:
            return not_looked_at(batch)
        passed = _found(names, str(wanted), batch)
        if unwanted is not None:
            passed = passed & ~_found(names, unwanted, batch)
        passes.append(passed)
    return Cast(first_wins(passes, labels, len(batch)))


def _found(names: list[str], pattern: str, batch: Batch) -> pl.Series:
    return either([batch.text(name).str.contains(pattern) for name in names], len(batch))


PATTERN = Kind(
    "pattern",
    "Regular expression",
    "Votes where a pattern is found in the text.",
    check,
    reads,
    compile,
)
