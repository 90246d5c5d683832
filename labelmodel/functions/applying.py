"""Functions applied to a batch: each casts its votes within its time, and none can stop the others."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from labelmodel.functions.batch import Batch
from labelmodel.functions.checking import told
from labelmodel.functions.kinds import KINDS
from labelmodel.functions.types import (
    ABSTAIN,
    Cast,
    Context,
    Definition,
    DefinitionError,
    Fault,
    Function,
    Resources,
    not_looked_at,
)
from labelmodel.functions.voting import joined

LIMIT_SECONDS = 30.0
# Rows, and bytes, that are judged between two looks at the clock: their columns stay in the cache.
ROWS, SIZE = 16_384, 2_000_000
# Of a definition, as JSON.
MOST_BYTES = 1_000_000


def check(kind: str, definition: Definition, context: Context) -> Definition:
    """The definition in its normal form, with every default written out; raises DefinitionError."""
    if kind not in KINDS:
        raise DefinitionError([Fault(("kind",), f"There is no kind “{kind}”; there are {', '.join(KINDS)}.")])
    if fault := _not_json(definition):
        raise DefinitionError([Fault((), fault)])
    return KINDS[kind].check(definition, context)


def _not_json(definition: Any) -> str | None:
    """What keeps this from being an object that databases and pages can keep."""
    if not isinstance(definition, dict):
        return "A definition is an object."
    try:
        text = json.dumps(definition, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except UnicodeEncodeError:
        return "A text in here holds half a character: write that text anew."
    except (TypeError, ValueError, RecursionError):
        return "A definition holds nothing but JSON."
    if size > MOST_BYTES:
        return f"A definition has at most {MOST_BYTES:,} bytes."
    return "A text in here holds the character 0: leave it out." if "\\u0000" in text else None


def prepare(
    kind: str, definition: Definition, context: Context, resources: Resources | None = None
) -> Function:
    """Check and compile; raises DefinitionError where the definition, its labels or its resources do not fit."""
    checked = check(kind, definition, context)
    run = KINDS[kind].compile(checked, context, resources or {})
    return Function(KINDS[kind], checked, context, KINDS[kind].reads(checked), run)


def apply(
    functions: Sequence[Function], batch: Batch, *, limit_seconds: float = LIMIT_SECONDS, workers: int = 2
) -> list[Cast]:
    """The cast of each function. Nothing is raised: a function that fails abstains there and says why.

    Each function has limit_seconds for the batch (kinds that wait for others keep their own time); what it did not look at
    then says Cast.stopped. Pieces of the batch are judged by so many threads at once, which are free of Python's lock where
    a kind works by column; a piece goes through all of these functions while its text is at hand.
    """
    pieces = batch.slices(ROWS, SIZE)
    columns = [function for function in functions if not (function.kind.waits or function.kind.by_item)]
    by_column = iter(_by_column(columns, pieces, limit_seconds, min(workers, len(pieces))))
    return [
        _alone(function, [batch], math.inf)
        if function.kind.waits
        else _alone(function, pieces, limit_seconds)
        if function.kind.by_item
        else next(by_column)
        for function in functions
    ]


def _alone(function: Function, pieces: list[Batch], limit_seconds: float) -> Cast:
    started = time.monotonic()
    casts = [_piece(function, started + limit_seconds, piece) for piece in pieces]
    return replace(joined(casts), seconds=time.monotonic() - started)


def _by_column(
    functions: list[Function], pieces: list[Batch], limit_seconds: float, workers: int
) -> list[Cast]:
    """The cast of each function. The time of one is what all threads spent on it, by the number of threads."""
    spent = [0.0] * len(functions)

    def judged(piece: Batch) -> list[Cast]:
        casts = []
        for number, function in enumerate(functions):
            started = time.monotonic()
            casts.append(_piece(function, started + limit_seconds - spent[number], piece))
            spent[number] += (time.monotonic() - started) / workers
        return casts

    if not functions:
        return []
    with ThreadPoolExecutor(workers) as pool:
        each = list(zip(*pool.map(judged, pieces), strict=True))
    return [replace(joined(casts), seconds=seconds) for casts, seconds in zip(each, spent, strict=True)]


def _piece(function: Function, deadline: float, piece: Batch) -> Cast:
    piece = piece.until(deadline)
    if piece.late:
        return not_looked_at(piece)
    try:
        cast = function.run(piece)
    except Exception as error:
        # Whatever a kind did not foresee costs its votes on these rows, and is told.
        nothing = np.full(len(piece), ABSTAIN, dtype=np.int16)
        return Cast(nothing, dict.fromkeys(range(len(piece)), told(error)))
    if not piece.unreadable:
        return cast
    label = cast.label.copy()
    label[list(piece.unreadable)] = ABSTAIN
    return replace(cast, label=label, errors={**cast.errors, **piece.unreadable})
