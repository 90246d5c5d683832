"""Keywords and phrases: a rule passes where any, or all, of its words are found and none of those it excludes."""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from typing import Any

import polars as pl

from labelmodel.functions import checking
from labelmodel.functions.batch import Batch
from labelmodel.functions.types import Apply, Cast, Context, Definition, Kind, Path, Resources
from labelmodel.functions.voting import either, first_wins

MOST_TERMS = 10_000
MOST_CHARACTERS = 200
LISTS = ("any", "all", "not")
RULE = ("label", *LISTS)


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
        notes.add((*path, "any"), "Give at least one word or phrase.")
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
    labels = [context.position(rule["label"]) for rule in rules]
    return partial(_apply, definition, labels)


def _apply(definition: Definition, labels: list[int], batch: Batch) -> Cast:
    return Cast(
        first_wins([_passes(definition, rule, batch) for rule in definition["rules"]], labels, len(batch))
    )


def _passes(definition: Definition, rule: dict[str, Any], batch: Batch) -> pl.Series:
    passed = pl.Series([True]).new_from_index(0, len(batch))
    if "any" in rule:
        passed = passed & _found(definition, rule["any"], batch)
    for term in rule.get("all", ()):
        passed = passed & _found(definition, [term], batch)
    if "not" in rule:
        passed = passed & ~_found(definition, rule["not"], batch)
    return passed


def _found(definition: Definition, terms: list[str], batch: Batch) -> pl.Series:
    case, words = definition["case"], definition["words"]
    pattern = "|".join(term_pattern(term if case else term.lower(), words) for term in terms)
    views = [batch.compared(name, case=case) for name in definition["fields"]]
    return either([view.str.contains(pattern) for view in views], len(batch))


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
