"""The kind of labeling function that votes by the tags of an item: the first rule that passes gives the label.

Its resources: `tags`, the number of each tag of the project by its name; and `tagged`, what tells which items have which of some tags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from labelmodel.functions import (
    Apply,
    Batch,
    Cast,
    Context,
    Definition,
    DefinitionError,
    Fault,
    Kind,
    Resources,
    checking,
    register,
)
from labelmodel.functions.voting import first_wins

MOST_TAGS = 1_000
MOST_CHARACTERS = 60
LISTS = ("any", "all", "not")
RULE = ("label", *LISTS)

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# From items and numbers of tags: (item, tag) of each tag that an item has.
Tagged = Callable[[Ints, list[int]], tuple[Ints, Ints]]
# Numbers of tags: any of these, all of these, none of these.
Numbers = Mapping[str, list[int]]


def check(given: Definition, context: Context) -> Definition:
    notes = checking.Notes()
    known = checking.keys(notes, (), given, ("rules", *RULE))
    rules = [_rule(notes, path, rule, context) for path, rule in checking.rules(notes, known, RULE)]
    if (count := sum(len(rule.get(key, ())) for rule in rules for key in LISTS)) > MOST_TAGS:
        notes.add((), f"There are {count} tags; at most {MOST_TAGS} are allowed.")
    notes.raise_any()
    return {"rules": rules}


def _rule(notes: checking.Notes, path: Any, rule: dict[str, Any], context: Context) -> dict[str, Any]:
    found: dict[str, Any] = {"label": checking.label(notes, (*path, "label"), rule.get("label"), context)}
    for key in LISTS:
        if tags := _tags(notes, (*path, key), rule.get(key)):
            found[key] = tags
    if all(rule.get(key) in (None, []) for key in ("any", "all")):
        notes.add((*path, "any"), "Give at least one tag.")
    return found


def _tags(notes: checking.Notes, path: Any, given: Any) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list):
        notes.add(path, 'This is a list of tags: ["urgent", "from the shop"].')
        return []
    tags: dict[str, None] = {}
    for position, tag in enumerate(given):
        if not isinstance(tag, str) or not tag.strip() or len(tag) > MOST_CHARACTERS:
            notes.add((*path, position), f"This must be a tag, of 1 to {MOST_CHARACTERS} characters.")
        else:
            tags[tag.strip()] = None
    return list(tags)


def compile(definition: Definition, context: Context, resources: Resources) -> Apply:
    numbers: Mapping[str, int] = resources.get("tags", {})
    faults = [
        Fault(("rules", place, key, at), f"There is no tag “{checking.short(tag)}” in this project.")
        for place, rule in enumerate(definition["rules"])
        for key in LISTS
        for at, tag in enumerate(rule.get(key, ()))
        if tag not in numbers
    ]
    if faults:
        raise DefinitionError(faults)
    rules: list[Numbers] = [
        {key: [numbers[tag] for tag in rule.get(key, ())] for key in LISTS} for rule in definition["rules"]
    ]
    labels = [context.position(rule["label"]) for rule in definition["rules"]]
    return partial(_apply, resources["tagged"], rules, labels)


def _apply(tagged: Tagged, rules: list[Numbers], labels: list[int], batch: Batch) -> Cast:
    wanted = sorted({tag for rule in rules for key in LISTS for tag in rule[key]})
    items, tags = tagged(batch.ids, wanted)
    has = {tag: np.isin(batch.ids, items[tags == tag]) for tag in wanted}
    passes = [pl.Series(_passed(rule, has, len(batch))) for rule in rules]
    return Cast(first_wins(passes, labels, len(batch)))


def _passed(rule: Numbers, has: Mapping[int, Bools], size: int) -> Bools:
    nothing, everything = np.zeros(size, dtype=bool), np.ones(size, dtype=bool)
    passed = np.logical_or.reduce([has[tag] for tag in rule["any"]]) if rule["any"] else everything
    passed = np.logical_and.reduce([passed, *(has[tag] for tag in rule["all"])])
    return np.asarray(passed & ~np.logical_or.reduce([nothing, *(has[tag] for tag in rule["not"])]))


TAGS = Kind(
    "tags",
    "Tags",
    "Votes where an item has tags.",
    check,
    lambda definition: frozenset(),
    compile,
    by_item=True,
)
register(TAGS)
