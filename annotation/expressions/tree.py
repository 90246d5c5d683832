"""What a filter says, as a tree. Two texts that say the same in the same order make equal trees."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """One field compared with values: `label.topic = cats`. Without an operator it is a bare word: `flagged`.

    Values are text, whatever they stand for; only `in` has several, and only `missing` and bare words have none.
    """

    field: str
    part: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()
    # Where it begins in the text, counted from 0.
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    of: Expression


@dataclass(frozen=True, slots=True)
class And:
    """All of them; without any, everything."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Expression, ...]


Expression = Condition | Not | And | Or

EVERYTHING = And(())


def all_of(parts: Sequence[Expression]) -> Expression:
    """Both, or all: what is joined by `and` already becomes one with it."""
    flat: list[Expression] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, And) else [part])
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(parts: Sequence[Expression]) -> Expression:
    """One of them at least. `parts` is not empty."""
    flat: list[Expression] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Or) else [part])
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def no(part: Expression) -> Expression:
    """The opposite; twice is the same as not at all."""
    return part.of if isinstance(part, Not) else Not(part)


def conditions(expression: Expression) -> Iterator[Condition]:
    """All conditions, from left to right."""
    if isinstance(expression, Condition):
        yield expression
    elif isinstance(expression, Not):
        yield from conditions(expression.of)
    else:
        for part in expression.parts:
            yield from conditions(part)


def compared_together(expression: Expression) -> Iterator[tuple[Condition, ...]]:
    """Comparisons by < <= > >= of one field that `and` joins, where there are several."""
    if isinstance(expression, Condition):
        return
    if isinstance(expression, Not):
        yield from compared_together(expression.of)
        return
    groups: dict[tuple[str, str], list[Condition]] = {}
    for part in expression.parts:
        yield from compared_together(part)
        if isinstance(expression, And) and isinstance(part, Condition) and part.operator[:1] in {"<", ">"}:
            groups.setdefault((part.field, part.part), []).append(part)
    yield from (tuple(group) for group in groups.values() if len(group) > 1)
