"""Lookup in a table: what a field says, or a term inside it, stands in a row of a table that gives the label.

Where several rows fit, the first one in the table counts.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from labelmodel.functions import checking
from labelmodel.functions.batch import Batch, composed
from labelmodel.functions.dictionary import NONE, Finder, dictionary, lowest, phrases, pieces
from labelmodel.functions.types import (
    ABSTAIN,
    Apply,
    Cast,
    Context,
    Definition,
    DefinitionError,
    Fault,
    Kind,
    Label,
    Resources,
)

MOST_ENTRIES = 1_000
MOST_CHARACTERS = 200
# Of the column that is looked into. Tables have no more rows than that, and no more characters in a cell than 1,000.
MOST_BYTES = 200_000_000
MOST_ROWS = 1_000_000
# Of a table that is kept for the next one who asks.
MOST_KEPT_BYTES = 64 * 2**20
# Terms inside words are found by an automaton that grows with their letters.
MOST_PIECES = 20_000
MOST_PIECES_BYTES = 500_000
MOST_PARTS = 20
KEYS = ("fields", "case", "find", "entries", "table", "column", "label", "label_column", "labels")
FIND = ("equal", "words", "anywhere")


def check(given: Definition, context: Context) -> Definition:
    notes = checking.Notes()
    known = checking.keys(notes, (), given, KEYS)
    found: Definition = {
        "fields": checking.fields(notes, known.get("fields"), context, context.texts),
        "case": checking.choice(notes, ("case",), known.get("case"), default=False),
        "find": known.get("find", "words"),
    }
    if found["find"] not in FIND:
        notes.add(("find",), f"Say what is found: {', '.join(FIND)}.")
    if "entries" in known:
        for key in ("table", "column", "label", "label_column", "labels"):
            if key in known:
                notes.add((key,), f"“{key}” is for tables; here are entries.")
        found["entries"] = _entries(notes, known["entries"], context)
    else:
        found |= _table(notes, known, context)
    notes.raise_any()
    return found


def _entries(notes: checking.Notes, given: Any, context: Context) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not given or len(given) > MOST_ENTRIES:
        notes.add(("entries",), f"Give 1 to {MOST_ENTRIES} entries; upload a table for more.")
        return []
    entries = []
    for position, entry in enumerate(given):
        path = ("entries", position)
        known = checking.keys(notes, path, entry, ("value", "label"))
        value = known.get("value")
        if not isinstance(value, str) or not value.strip() or len(value) > MOST_CHARACTERS:
            notes.add((*path, "value"), f"This must be a text of 1 to {MOST_CHARACTERS} characters.")
        label = checking.label(notes, (*path, "label"), known.get("label"), context)
        entries.append({"value": value, "label": label})
    return entries


def _table(notes: checking.Notes, known: dict[str, Any], context: Context) -> Definition:
    found: Definition = {}
    for key in ("table", "column"):
        value = known.get(key)
        if type(value) is int:
            notes.add((key,), f'Write the number as text: "{value}".')
        elif not isinstance(value, str) or not value:
            notes.add((key,), f"Say which {key} is looked into; or give entries.")
        found[key] = value
    if ("label" in known) == ("label_column" in known):
        notes.add(
            ("label",), "Give either the label that all rows mean, or the column that has each row's label."
        )
    elif "label" in known:
        if "labels" in known:
            notes.add(("labels",), "“labels” is for tables with a column of labels.")
        return {**found, "label": checking.label(notes, ("label",), known["label"], context)}
    elif not isinstance(known["label_column"], str):
        notes.add(("label_column",), "This must be the name of a column.")
    return {**found, "label_column": known.get("label_column"), "labels": _labels(notes, known, context)}


def _labels(notes: checking.Notes, known: dict[str, Any], context: Context) -> dict[str, Label]:
    given = known.get("labels", {})
    if not isinstance(given, dict) or len(given) > MOST_ENTRIES:
        notes.add(("labels",), 'This says which label is meant: {"what the column says": "label"}.')
        return {}
    return {key: checking.label(notes, ("labels", key), label, context) for key, label in given.items()}


def reads(definition: Definition) -> frozenset[str]:
    return frozenset(definition["fields"])


def tables(definition: Definition) -> frozenset[str]:
    return frozenset({definition["table"]} if "table" in definition else ())


def compile(definition: Definition, context: Context, resources: Resources) -> Apply:
    if "entries" in definition:
        terms = pl.Series([entry["value"] for entry in definition["entries"]], dtype=pl.String)
        label = np.array(
            [context.position(entry["label"]) for entry in definition["entries"]], dtype=np.int16
        )
    else:
        terms, label = _read(definition, context, resources)
    table = resources.get(definition.get("table", ""))
    return partial(_apply, definition, _kept_finder(definition, table, terms), label)


# The latest one that was made: of a million rows that takes seconds, and whoever writes a function asks with every letter.
_kept: list[tuple[pl.DataFrame, tuple[Any, ...], Finder]] = []


def _kept_finder(definition: Definition, table: pl.DataFrame | None, terms: pl.Series) -> Finder:
    wanted = (definition.get("column"), definition["case"], definition["find"])
    for known, asked, finder in _kept:
        if known is table and asked == wanted:
            return finder
    made = _made_finder(definition, terms)
    if table is not None and table.estimated_size() <= MOST_KEPT_BYTES:
        _kept[:] = [(table, wanted, made)]
    return made


def _made_finder(definition: Definition, terms: pl.Series) -> Finder:
    terms = composed(terms.str.strip_chars())
    terms = terms if definition["case"] else terms.str.to_lowercase()
    return _finder(terms.set(terms == "", None), definition["find"])


def _refuse(key: str, message: str) -> DefinitionError:
    return DefinitionError([Fault((key,), message)])


def _read(
    definition: Definition, context: Context, resources: Resources
) -> tuple[pl.Series, NDArray[np.int16]]:
    """The terms of a table, and the position of the label of each; ABSTAIN where the row has none."""
    table = resources.get(definition["table"])
    if not isinstance(table, pl.DataFrame):
        raise _refuse("table", f"There is no table “{checking.short(definition['table'])}”; upload it.")
    for key in ("column", "label_column"):
        if definition.get(key, table.columns[0]) not in table.columns:
            name = checking.short(definition[key])
            raise _refuse(key, f"The table has no column “{name}”; it has {checking.listed(table.columns)}.")
    terms = table[definition["column"]].cast(pl.String)
    if len(terms) > MOST_ROWS or terms.estimated_size() > MOST_BYTES:
        most = f"{MOST_ROWS:,} rows and {MOST_BYTES // 1_000_000} MB"
        raise _refuse("table", f"The table has {len(terms):,} rows; at most {most} are looked into.")
    if "label" in definition:
        return terms, np.full(len(terms), context.position(definition["label"]), dtype=np.int16)
    return terms, _positions(table[definition["label_column"]].cast(pl.String), definition["labels"], context)


def _positions(said: pl.Series, meant: dict[str, Label], context: Context) -> NDArray[np.int16]:
    wanted = {str(label): position for position, label in enumerate(context.labels)}
    wanted |= {key: context.position(label) for key, label in meant.items()}
    said = said.str.strip_chars()
    unknown = said.filter(said.is_not_null() & (said != "") & ~said.is_in(list(wanted)))
    if len(unknown):
        some = checking.listed(unknown.unique(maintain_order=True).head(8))
        raise _refuse(
            "label_column",
            f"{len(unknown):,} rows have a label that the question does not have: {some}. "
            "Say in “labels” which of its labels is meant.",
        )
    found = said.replace_strict(wanted, default=ABSTAIN, return_dtype=pl.Int16)
    return found.fill_null(ABSTAIN).to_numpy()


def _finder(terms: pl.Series, find: str) -> Finder:
    if find == "equal":
        return dictionary(terms)
    if find == "words":
        found = phrases(terms)
        if found.most > MOST_PARTS:
            raise _refuse(
                "find",
                f"A term has {found.most} parts (words, spaces, signs); at most {MOST_PARTS} are found inside texts.",
            )
        return found
    found_pieces = pieces(terms)
    if len(found_pieces.terms) > MOST_PIECES or found_pieces.terms.str.len_bytes().sum() > MOST_PIECES_BYTES:
        raise _refuse(
            "find",
            f"At most {MOST_PIECES:,} terms of {MOST_PIECES_BYTES:,} bytes are found inside words; find whole words instead.",
        )
    return found_pieces


def _apply(definition: Definition, finder: Finder, label: NDArray[np.int16], batch: Batch) -> Cast:
    columns = [batch.compared(name, case=definition["case"]) for name in definition["fields"]]
    if definition["find"] == "equal":
        columns = [column.str.strip_chars() for column in columns]
    row = lowest(finder, columns, len(batch))
    found = np.full(len(batch), ABSTAIN, dtype=np.int16)
    hit = row != NONE
    found[hit] = label[row[hit]]
    return Cast(found)


LOOKUP = Kind(
    "lookup",
    "Lookup",
    "Votes where what a field says, or a term inside it, stands in a table.",
    check,
    reads,
    compile,
    tables=tables,
)
