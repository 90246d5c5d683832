"""Tests of definitions: payloads with the label that a function must give them, or null where it must abstain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from labelmodel.functions import checking
from labelmodel.functions.applying import apply
from labelmodel.functions.batch import build
from labelmodel.functions.types import ABSTAIN, Context, DefinitionError, Fault, Function, Label

MOST_TESTS = 200


@dataclass(frozen=True)
class Failure:
    """A test that a function does not pass."""

    position: int  # among the tests
    wanted: Label | None
    said: Label | None
    error: str = ""  # why it abstained, where it failed


def check_tests(function: Function, tests: Sequence[dict[str, Any]]) -> list[Failure]:
    """The tests that fail. DefinitionError, with paths that begin with "tests", where they cannot be read."""
    wanted = _wanted(tests, function.context)
    rows = [(position, test["payload"]) for position, test in enumerate(tests)]
    cast = apply([function], build(rows, function.reads, payload=function.kind.whole))[0]
    labels = [None if one == ABSTAIN else function.context.labels[one] for one in cast.label]
    return [
        Failure(position, want, said, cast.errors.get(position, ""))
        for position, (want, said) in enumerate(zip(wanted, labels, strict=True))
        # 1 and True are equal, but not the same label.
        if (type(want), want) != (type(said), said) or position in cast.errors
    ]


def _wanted(tests: Sequence[Any], context: Context) -> list[Label | None]:
    notes = checking.Notes()
    if not isinstance(tests, list) or len(tests) > MOST_TESTS:
        raise DefinitionError([Fault(("tests",), f"Tests are a list of at most {MOST_TESTS}.")])
    wanted: list[Label | None] = []
    for position, test in enumerate(tests):
        known = checking.keys(notes, ("tests", position), test, ("payload", "label"))
        if not isinstance(known.get("payload"), dict):
            notes.add(("tests", position, "payload"), 'This must be an item\'s payload: {"text": "..."}.')
        label = known.get("label")
        wanted.append(
            None if label is None else checking.label(notes, ("tests", position, "label"), label, context)
        )
    notes.raise_any()
    return wanted
