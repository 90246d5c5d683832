"""Functions in Python that an installed package registers as entry points of the group querent.labeling_functions.

They are deployed and reviewed like other code; nobody types one into a page. Each is called with one item, a dict of
the fields that its definition names, and returns the value of a label, or None to abstain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import numpy as np
import orjson

from labelmodel.functions import checking
from labelmodel.functions.batch import Batch
from labelmodel.functions.interrupting import TooLong, interrupted_at
from labelmodel.functions.types import (
    ABSTAIN,
    Apply,
    Cast,
    Context,
    Definition,
    DefinitionError,
    Fault,
    Kind,
    Resources,
)

GROUP = "querent.labeling_functions"
MOST_MAPPED = 1_000

Judge = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Installed:
    """A function that definitions may name."""

    name: str
    package: str  # with its version


def installed() -> list[Installed]:
    """What installed packages register, by name."""
    found = [Installed(point.name, _package(point)) for point in entry_points(group=GROUP)]
    return sorted(found, key=lambda one: one.name)


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else ""


def check(given: Definition, context: Context) -> Definition:
    notes = checking.Notes()
    known = checking.keys(notes, (), given, ("fields", "function", "labels"))
    names = checking.fields(notes, known.get("fields"), context, list(context.visible))
    function = known.get("function")
    available = [one.name for one in installed()]
    if function not in available:
        there = f"there are {checking.listed(available)}" if available else "no installed package has one"
        notes.add(("function",), f"There is no Python function “{checking.short(function)}”; {there}.")
    labels = _labels(notes, known.get("labels"), context)
    notes.raise_any()
    return {"fields": names, "function": function, "labels": labels}


def _labels(notes: checking.Notes, given: Any, context: Context) -> dict[str, Any]:
    """What the function returns, as text, and which label is meant by it."""
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > MOST_MAPPED:
        notes.add(("labels",), 'This says which label is meant: {"what the function returns": "label"}.')
        return {}
    return {key: checking.label(notes, ("labels", key), label, context) for key, label in given.items()}


def reads(definition: Definition) -> frozenset[str]:
    return frozenset(definition["fields"])


def compile(definition: Definition, context: Context, resources: Resources) -> Apply:
    name = definition["function"]
    points = [point for point in entry_points(group=GROUP) if point.name == name]
    if len(points) != 1:
        raise DefinitionError([Fault(("function",), f"{len(points)} packages register “{name}”; one must.")])
    try:
        judge = points[0].load()
    except Exception as error:
        message = f"“{name}” cannot be loaded: {checking.told(error)}"
        raise DefinitionError([Fault(("function",), message)]) from error
    meant = {key: context.position(label) for key, label in definition["labels"].items()}
    return partial(_apply, judge, definition["fields"], meant, context)


def _apply(judge: Judge, names: list[str], meant: dict[str, int], context: Context, batch: Batch) -> Cast:
    label = np.full(len(batch), ABSTAIN, dtype=np.int16)
    errors: dict[int, str] = {}
    seen = 0
    try:
        with interrupted_at(batch.deadline):
            for position, item in enumerate(_items(batch, names)):
                try:
                    label[position] = _position(judge(item), meant, context)
                except (Exception, SystemExit) as error:
                    errors[position] = checking.told(error)
                seen = position + 1
    except TooLong:
        pass
    return Cast(label, errors, stopped=seen if seen < len(batch) else None)


def _items(batch: Batch, names: list[str]) -> Iterator[dict[str, Any]]:
    """Parsed anew for each function: one that changes what it is given changes nothing for the others."""
    for text in batch.json:
        if time.monotonic() > batch.deadline:
            return
        payload = orjson.loads(text)
        yield {name: payload[name] for name in names if name in payload}


def _position(returned: Any, meant: dict[str, int], context: Context) -> int:
    if returned is None:
        return ABSTAIN
    if (found := meant.get(str(returned))) is not None:
        return found
    try:
        return context.position(returned)
    except ValueError:
        raise ValueError(f"It returned {checking.short(repr(returned))}, which is no label.") from None


PYTHON = Kind(
    "python",
    "Python function",
    "Votes what a function of an installed package returns.",
    check,
    reads,
    compile,
    whole=True,
)
