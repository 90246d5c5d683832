"""The kind of labeling function that votes as a version of a model, or an import, predicts, where it is sure enough.

Its resources: `oracle`, the Oracle that the definition names.
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

LEAST = 0.5
MOST_SOURCE, MOST_VERSION = 80, 40
LEARNED = "learned from an answer to it"

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Said:
    """What a source says of items: (n,) each."""

    label: Ints  # position of the likeliest in the oracle's labels, -1 where it says none
    chance: npt.NDArray[np.float64]
    later: Bools  # nothing can be said yet
    learned: Bools  # it has seen the answer


@dataclass(frozen=True, eq=False)
class Oracle:
    """A source in one version."""

    labels: tuple[str, ...]
    of: Callable[[Ints], Said]


def check(given: Definition, context: Context) -> Definition:
    notes = checking.Notes()
    known = checking.keys(notes, (), given, ("model", "source", "version", "least"))
    found: Definition = {"least": checking.share(notes, ("least",), known.get("least", LEAST), 0.0)}
    if "source" in known or "version" in known:
        if "model" in known:
            notes.add(("model",), "Name either a model or the source of an import.")
        for key, most in (("source", MOST_SOURCE), ("version", MOST_VERSION)):
            value = known.get(key)
            if not isinstance(value, str) or not 0 < len(value) <= most:
                notes.add(
                    (key,), f"Name the {key} of the imported predictions, in at most {most} characters."
                )
            found[key] = value
    elif "model" in known:
        if type(known["model"]) is not int or not 0 < known["model"] < 2**31:
            notes.add(("model",), "This is the number of a model version; leave it out for the model in use.")
        found["model"] = known["model"]
    notes.raise_any()
    return found


def compile(definition: Definition, context: Context, resources: Resources) -> Apply:
    oracle: Any = resources.get("oracle")
    if not isinstance(oracle, Oracle):
        raise DefinitionError([Fault(("model",), "There is no such model.")])
    if gone := [label for label in oracle.labels if label not in context.labels]:
        message = f"It predicts {checking.listed(gone)}, which is no label of the question."
        raise DefinitionError([Fault(("model",), message)])
    places = np.array([*(context.position(label) for label in oracle.labels), ABSTAIN], dtype=np.int16)
    return partial(_apply, oracle, places, definition["least"])


def _apply(oracle: Oracle, places: npt.NDArray[np.int16], least: float, batch: Batch) -> Cast:
    nothing = np.full(len(batch), ABSTAIN, dtype=np.int16)
    try:
        said = oracle.of(batch.ids)
    except StorageFault as error:
        return left_for_later(
            Cast(nothing), np.ones(len(batch), dtype=bool), f"Its vectors are out of reach: {error}"
        )
    votes = (said.label >= 0) & (said.chance >= least) & ~said.later & ~said.learned
    count = int((said.learned & ~said.later).sum())
    cast = Cast(np.where(votes, places[said.label], nothing), reasons={LEARNED: count} if count else {})
    return left_for_later(cast, said.later, "has no vector yet")


MODEL = Kind(
    "model",
    "Predictions",
    "Votes as a version of a model, or an import, predicts.",
    check,
    lambda definition: frozenset(),
    compile,
    by_item=True,
)
register(MODEL)
