"""What kinds of labeling functions need of the database: whoever brings such a kind says it here. No numerical libraries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from annotation.errors import Fault, InvalidInput
from annotation.models import Project

Definition = dict[str, Any]
# With the name of the question as the second argument.
Complete = Callable[[Project, str, Definition], Definition]


@dataclass(frozen=True, slots=True)
class Supply:
    """Both raise InvalidInput where what a checked definition names is not there.

    `complete` is asked when a definition is written: it writes into it what was left open, such as a version. `resources` is
    asked before the function runs.
    """

    complete: Complete
    resources: Complete


# {kind: its supply}
SUPPLIES: dict[str, Supply] = {}


def completed(project: Project, question: str, kind: str, definition: Definition) -> Definition:
    """The definition with nothing left open. Raises InvalidInput."""
    return SUPPLIES[kind].complete(project, question, definition) if kind in SUPPLIES else definition


def missing(message: str, *path: str | int) -> InvalidInput:
    """What is not there, and where in the definition it is named."""
    return InvalidInput(message, faults=[Fault(("definition", *path), message)])
