"""Who said what about which item, as aligned arrays checked once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from annotation.agreement.tally import Tally, tally

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Level = Literal["nominal", "ordinal", "interval", "set"]
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True, eq=False)
class Judgments:
    """One judgment per item and source; a missing judgment is the absence of a row.

    `item`, `source` and `value` are aligned integer arrays, shape (n,); `value` is an index into `values`, everything
    that can be answered: labels ("nominal"), labels from low to high ("ordinal"), numbers ("interval") or frozensets of
    labels ("set"). Raises ValueError for anything that does not fit together.
    """

    item: IntArray
    source: IntArray
    value: IntArray
    n_items: int
    n_sources: int
    values: Sequence[Any]
    level: Level = "nominal"

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"level is one of {', '.join(LEVELS)}, not {self.level!r}")
        for name, size in (("item", self.n_items), ("source", self.n_sources), ("value", len(self.values))):
            object.__setattr__(self, name, _indices(name, getattr(self, name), size))
        if not len(self.item) == len(self.source) == len(self.value):
            raise ValueError("item, source and value have different lengths")
        _check_values(self.values, self.level)
        pairs = np.sort(self.item * self.n_sources + self.source)
        if (pairs[1:] == pairs[:-1]).any():
            raise ValueError("a source judged the same item twice")

    def __len__(self) -> int:
        return len(self.item)

    @cached_property
    def tally(self) -> Tally:
        """How often each value was given to each item, items with equal counts taken together."""
        return tally(self.item, self.value, self.n_items, len(self.values))

    def where(self, rows: BoolArray | IntArray) -> Judgments:
        """Only these judgments: a mask or indices of them, each index once."""
        part = object.__new__(Judgments)
        part.__dict__.update({field.name: getattr(self, field.name) for field in fields(self)})
        part.__dict__.update(item=self.item[rows], source=self.source[rows], value=self.value[rows])
        return part


@dataclass(frozen=True, eq=False)
class Coded:
    """Judgments, and the names behind their indices: `items[judgments.item]` are the items' own."""

    judgments: Judgments
    items: npt.NDArray[Any]
    sources: npt.NDArray[Any]


def coded(
    items: Sequence[Any],
    sources: Sequence[Any],
    answers: Sequence[Hashable],
    *,
    level: Level,
    values: Sequence[Any] | None = None,
) -> Coded:
    """Judgments from aligned ids and answers; `values` unless told are the answers that occur, sorted if they can be.

    Raises ValueError for an answer that is not among `values`, and as Judgments does.
    """
    item_names, item = np.unique(np.asarray(items), return_inverse=True)
    source_names, source = np.unique(np.asarray(sources), return_inverse=True)
    if values is None:
        values = sorted(set(answers), key=_order)
    place = {value: index for index, value in enumerate(values)}
    unknown = next((answer for answer in answers if answer not in place), None)
    if unknown is not None:
        raise ValueError(f"{unknown!r} is not among the values")
    value = np.fromiter((place[answer] for answer in answers), dtype=np.int64, count=len(answers))
    judgments = Judgments(item, source, value, len(item_names), len(source_names), tuple(values), level)
    return Coded(judgments, item_names, source_names)


def _order(value: Hashable) -> Any:
    return sorted(map(str, value)) if isinstance(value, frozenset) else value


def _indices(name: str, given: npt.ArrayLike, size: int) -> IntArray:
    found = np.asarray(given)
    if found.ndim != 1:
        raise ValueError(f"{name} has {found.ndim} dimensions instead of one")
    if found.size and found.dtype.kind not in "iu":
        raise ValueError(f"{name} holds {found.dtype} instead of integers")
    if found.size and not (found.min() >= 0 and found.max() < size):
        raise ValueError(f"{name} has an index outside 0 to {size - 1}")
    return found.astype(np.int64, copy=False)


def _check_values(values: Sequence[Any], level: Level) -> None:
    if level == "interval":
        numbers = np.asarray(values)
        if numbers.size and (numbers.dtype.kind not in "iuf" or not np.isfinite(numbers).all()):
            raise ValueError("values of the interval level are finite numbers")
        if len(np.unique(numbers)) < len(values):
            raise ValueError("values has the same number twice")
    elif level == "set" and not all(isinstance(value, frozenset) for value in values):
        raise ValueError("values of the set level are frozensets")
    elif len(set(values)) < len(values):
        raise ValueError("values has the same value twice")
