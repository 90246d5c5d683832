"""From which rows pass which rule to votes: the first rule that passes wins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from labelmodel.functions.types import ABSTAIN, Cast

# Sooner than this it is of no use to look again.
LATER_SECONDS = 300.0


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


def left_for_later(cast: Cast, which: NDArray[np.bool_], why: str) -> Cast:
    """The cast, with these rows not seen for now: what they lack is made by others, and takes its time."""
    rows = dict.fromkeys(np.flatnonzero(which).tolist(), why)
    return replace(cast, unseen=rows, again_in=LATER_SECONDS) if rows else cast


def joined(casts: Sequence[Cast]) -> Cast:
    """The cast of a batch from those of its pieces, up to the first place that was not looked at."""
    errors: dict[int, str] = {}
    unseen: dict[int, str] = {}
    reasons: Counter[str] = Counter()
    start, stopped = 0, None
    for cast in casts:
        errors |= {start + position: why for position, why in cast.errors.items()}
        unseen |= {start + position: why for position, why in cast.unseen.items()}
        reasons.update(cast.reasons)
        if stopped is None and cast.stopped is not None:
            stopped = start + cast.stopped
        start += len(cast.label)
    label = np.concatenate([cast.label for cast in casts])
    if stopped is not None:
        # Pieces behind that place were judged by other threads, by chance; they are judged again another time.
        label[stopped:] = ABSTAIN
        errors = {position: why for position, why in errors.items() if position < stopped}
        unseen = {position: why for position, why in unseen.items() if position < stopped}
    waits = [cast.again_in for cast in casts if cast.again_in is not None]
    return Cast(
        label,
        errors,
        stopped,
        unseen,
        reasons,
        min(waits, default=None),
        waits=next((cast.waits for cast in casts if cast.waits), ""),
    )
