"""From which rows pass which rule to votes: the first rule that passes wins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from labelmodel.functions.types import ABSTAIN


def first_wins(passes: Sequence[pl.Series], labels: Sequence[int], size: int) -> NDArray[np.int16]:
    """The label of the first rule that each row passes; null does not pass."""
    label = np.full(size, ABSTAIN, dtype=np.int16)
    for passed, position in zip(reversed(passes), reversed(labels), strict=True):
        label[passed.fill_null(False).to_numpy()] = position
    return label


def either(some: Sequence[pl.Series], size: int) -> pl.Series:
    """Where at least one holds; null does not hold."""
    held = pl.Series([False]).new_from_index(0, size)
    for one in some:
        held = held | one.fill_null(False)
    return held
