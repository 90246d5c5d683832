"""Which part of a split something belongs to, as a pure function of a seed and a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from hashlib import blake2b
from itertools import accumulate
from typing import Any

import numpy as np

_SPACE = 2**64


def draws(names: Iterable[bytes], seed: int) -> np.ndarray:
    """A number for each name, uniform over 64 bits, that never changes."""
    salt = seed.to_bytes(8, "little")
    numbers = [int.from_bytes(blake2b(name, digest_size=8, key=salt).digest(), "little") for name in names]
    return np.array(numbers, np.uint64)


def parts_of(drawn: np.ndarray, parts: Sequence[Any]) -> np.ndarray:
    """The place of the part of each draw; shares are of the whole range."""
    ends = [int(end * _SPACE) for end in accumulate(shares(parts))]
    # The last part takes the rest, whatever rounding left.
    return np.searchsorted(np.array(ends[:-1], np.uint64), drawn, side="right").astype(np.int16)


def shares(parts: Sequence[Any]) -> list[Fraction]:
    """The share of each part, exactly, so that they add up to one."""
    told = [Fraction(str(part["share"])) for part in parts]
    return [share / sum(told) for share in told]


def quotas(count: int, wanted: Sequence[Fraction], there: Sequence[int]) -> list[int]:
    """How many of `count` new ones each part gets, so that with those that are there the shares come out as nearly as can
    be. Parts that have too many already get none."""
    if not count:
        return [0] * len(wanted)
    total = count + sum(there)
    lacking = [max(share * total - had, Fraction(0)) for share, had in zip(wanted, there, strict=True)]
    exact = [lack * count / sum(lacking) for lack in lacking]
    given = [int(one) for one in exact]
    # What rounding left goes to the largest remainders; of equal ones to the first part.
    order = sorted(range(len(wanted)), key=lambda place: (given[place] - exact[place], place))
    for place in order[: count - sum(given)]:
        given[place] += 1
    return given
