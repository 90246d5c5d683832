"""Keywords and phrases: a rule passes where any, or all, of its words are found and none of those it excludes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl

from labelmodel.functions import checking
from labelmodel.functions.batch import Batch
from labelmodel.functions.dictionary import NONE, phrases
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

MOST_TERMS = 10_000
MOST_CHARACTERS = 200
# Beyond so many terms a pattern of all of them is slower than a dictionary.
FEW = 64
LISTS = ("any", "all", "not")
RULE = ("label", *LISTS)

Find = Callable[[pl.Series], pl.Series]
# What must be found, and what must not.
Finders = tuple[list[Find], list[Find]]


def check(given: Definition, context: Context) -> Definition:
    notes = checking.Notes()
    known = checking.keys(notes, (), given, ("fields", "case", "words", "rules", *RULE))
    names = checking.fields(notes, known.get("fields"), context, context.texts)
    case = checking.choice(notes, ("case",), known.get("case"), default=False)
    words = checking.choice(notes, ("words",), known.get("words"), default=True)
    rules = [_rule(notes, path, rule, context) for path, rule in checking.rules(notes, known, RULE)]
    count = sum(len(rule.get(key, ())) for rule in rules for key in LISTS)
    if count > MOST_TERMS:
        notes.add(
            (), f"There are {count} terms; at most {MOST_TERMS} are allowed. Upload them as a table instead."
        )
    notes.raise_any()
    return {"fields": names, "case": case, "words": words, "rules": rules}


def _rule(notes: checking.Notes, path: Path, rule: dict[str, Any], context: Context) -> dict[str, Any]:
    found: dict[str, Any] = {"label": checking.label(notes, (*path, "label"), rule.get("label"), context)}
    for key in LISTS:
        if terms := _terms(notes, (*path, key), rule.get(key)):
            found[key] = terms
    if all(rule.get(key) in (None, []) for key in ("any", "all")):
        only = " that must be found; those that must not be found only exclude." if rule.get("not") else "."
        notes.add((*path, "any"), f"Give at least one word or phrase{only}")
    return found


def _terms(notes: checking.Notes, path: Path, given: Any) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list):
        notes.add(path, 'This is a list of words and phrases: ["free", "click here"].')
        return []
    terms: dict[str, None] = {}
    for position, term in enumerate(given):
        if not isinstance(term, str) or not term.strip():
            notes.add((*path, position), "This must be a word or phrase.")
        elif len(term) > MOST_CHARACTERS:
            notes.add(
                (*path, position), f"This has {len(term)} characters; at most {MOST_CHARACTERS} are allowed."
            )
        else:
            terms[" ".join(unicodedata.normalize("NFC", term).split())] = None
    return list(terms)


def reads(definition: Definition) -> frozenset[str]:
    return frozenset(definition["fields"])


def compile(definition: Definition, context: Context, resources: Resources) -> Apply:
    rules = definition["rules"]
    finders = [_finders(rule, definition["case"], definition["words"]) for rule in rules]
    labels = [context.position(rule["label"]) for rule in rules]
    return partial(_apply, definition["fields"], definition["case"], finders, labels)


def _finders(rule: dict[str, Any], case: bool, words: bool) -> Finders:
    prepared = {key: [term if case else term.lower() for term in rule.get(key, ())] for key in LISTS}
    every = [finder([term], words) for term in prepared["all"]]
    either_of = [finder(prepared["any"], words)] if prepared["any"] else []
    none_of = [finder(prepared["not"], words)] if prepared["not"] else []
    return [*either_of, *every], none_of


def _apply(names: list[str], case: bool, rules: list[Finders], labels: list[int], batch: Batch) -> Cast:
    views = [batch.compared(name, case=case) for name in names]

    passes = []
    for rule in rules:
        passed = _passed(rule, views, batch)
        if passed is None:
            return not_looked_at(batch)
        passes.append(passed)
    return Cast(first_wins(passes, labels, len(batch)))


def _passed(rule: Finders, views: list[pl.Series], batch: Batch) -> pl.Series | None:
    """The rows that pass it; None where time is over before that is known."""
    wanted, unwanted = rule
    looked = [*((find, True) for find in wanted), *((find, False) for find in unwanted)]
    passed = pl.Series([True]).new_from_index(0, len(batch))
    for find, must in looked:
        if batch.late:
            return None
        if not passed.any():
            break
        found = either([find(view) for view in views], len(batch))
        passed = passed & (found if must else ~found)
    return passed


def finder(terms: list[str], words: bool) -> Find:
    """What tells of each text whether one of the terms is in it."""
    if len(terms) <= FEW:
        pattern = "|".join(term_pattern(term, words) for term in terms)
        return lambda texts: texts.str.contains(pattern)
    series = pl.Series(terms, dtype=pl.String)
    if words:
        many = phrases(series)
        return lambda texts: pl.Series(many.find(texts) != NONE)
    listed = series.implode()
    return lambda texts: texts.str.replace_all(r"\s+", " ").str.contains_any(listed)


def term_pattern(term: str, words: bool) -> str:
    """A term as a pattern: any white space between its words; whole words end where letters and digits end."""
    pattern = r"\s+".join(re.escape(word) for word in term.split())
    if not words:
        return pattern
    start, end = (r"\b" if re.match(r"\w", edge) else "" for edge in (term[0], term[-1]))
    return f"{start}{pattern}{end}"


KEYWORDS = Kind(
    "keywords",
    "Keywords and phrases",
    "Votes where words or phrases are found in the text.",
    check,
    reads,
    compile,
)
