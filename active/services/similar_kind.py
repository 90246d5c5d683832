"""The kind of labeling function that votes by similarity: the nearest exemplar gives its label where it is near enough.

Its resources: `exemplars`, the Exemplars that the definition names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from annotation.services.stored import StorageFault
from labelmodel.functions import (
    ABSTAIN,
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
from labelmodel.functions.voting import left_for_later

MOST_EXEMPLARS = 1_000
MOST_CHARACTERS = 200
LEAST = 0.01
NO_VECTOR = "has no vector yet"

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
# From items: (n,) whether each has a vector that is up to date, and the vectors (n, d).
Vectors = Callable[[Ints], tuple[npt.NDArray[np.bool_], Floats]]


@dataclass(frozen=True, eq=False)
class Exemplars:
    """Vectors of the exemplars in the definition's order, (m, d), and where those of items by the same encoder come from."""

    encoder: int
    vectors: Floats
    of: Vectors


def check(given: Definition, context: Context) -> Definition:
    notes = checking.Notes()
    known = checking.keys(notes, (), given, ("exemplars", "least", "encoder"))
    found: Definition = {"exemplars": _exemplars(notes, known.get("exemplars"), context)}
    found["least"] = checking.share(notes, ("least",), known.get("least"), LEAST)
    if (encoder := known.get("encoder")) is not None:
        if type(encoder) is not int or not 0 < encoder < 2**31:
            notes.add(
                ("encoder",),
                "This is the number of a version of the encoder; leave it out for the current one.",
            )
        found["encoder"] = encoder
    notes.raise_any()
    return found


def _exemplars(notes: checking.Notes, given: Any, context: Context) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not 0 < len(given) <= MOST_EXEMPLARS:
        notes.add(("exemplars",), f"Give 1 to {MOST_EXEMPLARS} exemplars: an item's key and its label.")
        return []
    found, seen = [], set[str]()
    for place, one in enumerate(given):
        path = ("exemplars", place)
        known = checking.keys(notes, path, one, ("key", "label"))
        key = known.get("key")
        if not isinstance(key, str) or not 0 < len(key) <= MOST_CHARACTERS:
            notes.add((*path, "key"), "This must be the key of an item.")
        elif key in seen:
            notes.add((*path, "key"), f"“{checking.short(key)}” is listed twice.")
        else:
            seen.add(key)
        found.append(
            {"key": key, "label": checking.label(notes, (*path, "label"), known.get("label"), context)}
        )
    return found


def compile(definition: Definition, context: Context, resources: Resources) -> Apply:
    exemplars: Any = resources.get("exemplars")
    if not isinstance(exemplars, Exemplars):
        raise DefinitionError([Fault(("exemplars",), "The vectors of the exemplars are not at hand.")])
    labels = [context.position(one["label"]) for one in definition["exemplars"]]
    return partial(_apply, exemplars, np.array(labels, dtype=np.int16), definition["least"])


def _apply(exemplars: Exemplars, labels: npt.NDArray[np.int16], least: float, batch: Batch) -> Cast:
    label = np.full(len(batch), ABSTAIN, dtype=np.int16)
    try:
        found, vectors = exemplars.of(batch.ids)
    except StorageFault as error:
        return left_for_later(
            Cast(label), np.ones(len(batch), dtype=bool), f"Vectors are out of reach: {error}"
        )
    rows = np.flatnonzero(found)
    if len(rows):
        near = _unit(vectors[rows]) @ _unit(exemplars.vectors).T
        best = near.argmax(axis=1)
        # As near as itself is 1, which half precision may miss by a little.
        enough = near[np.arange(len(rows)), best] >= least - 1e-4
        label[rows[enough]] = labels[best[enough]]
    return left_for_later(Cast(label), ~found, NO_VECTOR)


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1.0), dtype=np.float32)


SIMILAR = Kind(
    "similar",
    "Similar items",
    "Votes where an item is similar to exemplar items.",
    check,
    lambda definition: frozenset(),
    compile,
    by_item=True,
)
register(SIMILAR)
