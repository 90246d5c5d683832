"""Functions applied to a batch: each casts its votes within its time, and none can stop the others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from labelmodel.functions.batch import Batch
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
)

LIMIT_SECONDS = 30.0


def check(kind: str, definition: Definition, context: Context) -> Definition:
    """The definition in its normal form, with every default written out; raises DefinitionError."""
    if kind not in KINDS:
        raise DefinitionError([Fault(("kind",), f"There is no kind “{kind}”; there are {', '.join(KINDS)}.")])
    if not isinstance(definition, dict):
        raise DefinitionError([Fault((), "A definition is an object.")])
    return KINDS[kind].check(definition, context)


def prepare(
    kind: str, definition: Definition, context: Context, resources: Resources | None = None
) -> Function:
    """Check and compile; raises DefinitionError where the definition, its labels or its resources do not fit."""
    checked = check(kind, definition, context)
    run = KINDS[kind].compile(checked, context, resources or {})
    return Function(KINDS[kind], checked, context, KINDS[kind].reads(checked), run)


def apply(functions: Sequence[Function], batch: Batch, *, limit_seconds: float = LIMIT_SECONDS) -> list[Cast]:
    """The cast of each function. A function that raises abstains everywhere and says why; nothing is raised."""
    return [_one(function, batch) for function in functions]


def _one(function: Function, batch: Batch) -> Cast:
    started = time.perf_counter()
    try:
        cast = function.run(batch)
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        nothing = np.full(len(batch), ABSTAIN, dtype=np.int16)
        cast = Cast(nothing, dict.fromkeys(range(len(batch)), message))
    return replace(cast, seconds=time.perf_counter() - started)
