"""Which part of its split each item is in: a function of the key, of the group, of the time, or what was settled before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from annotation.models import Split
from annotation.questions.numbers import canonical
from annotation.snapshots.columns import column, numbers
from annotation.snapshots.hashing import draws, parts_of

# (items of a chunk in order) -> the place of the part of each; -1 for what is in none.
Part = Callable[[pa.Table], np.ndarray]

# Numbers from here on count milliseconds since 1970, smaller ones seconds.
_MILLISECONDS = 1e11


def by_key(split: Split) -> Part:
    """At random: of the key, so that an item is in the same part in every snapshot, and in every project."""

    def part(items: pa.Table) -> np.ndarray:
        keys = column(items, "key").to_pylist()
        return parts_of(draws((b"k" + key.encode() for key in keys), split.seed), split.parts)

    return part


def by_group(split: Split) -> Part:
    """All items of a group together. An item without one is a group of its own."""

    def part(items: pa.Table) -> np.ndarray:
        keys, groups = column(items, "key").to_pylist(), column(items, "parted_by").to_pylist()
        names = (_group(key, group) for key, group in zip(keys, groups, strict=True))
        return parts_of(draws(names, split.seed), split.parts)

    return part


def _group(key: str, group: str | None) -> bytes:
    value = None if group is None else orjson.loads(group)
    if value is None:
        return b"k" + key.encode()
    # 1 and 1.0 are one group.
    return b"g" + (orjson.dumps(canonical(value)) if isinstance(value, float) else orjson.dumps(value))


def by_time(split: Split) -> Part:
    """Each part has what is not older than its beginning; what has no time is in none."""
    begins = np.array([datetime.fromisoformat(begin).timestamp() for begin in split.begins])

    def part(items: pa.Table) -> np.ndarray:
        when = times(items, by=split.by)
        return np.where(np.isnan(when), -1, np.searchsorted(begins, when, side="right")).astype(np.int16)

    return part


def settled(ids: np.ndarray, parts: np.ndarray) -> Part:
    """What was settled for each item; `ids` are sorted."""

    def part(items: pa.Table) -> np.ndarray:
        return np.asarray(parts[np.searchsorted(ids, numbers(items, "id"))])

    return part


def times(items: pa.Table, *, by: str) -> np.ndarray:
    """When each item is from, in seconds since 1970: what its field says, or when it was added. NaN for none."""
    if not by:
        stamps = column(items, "created_at").cast(pa.int64()).to_numpy(zero_copy_only=False)
        return np.asarray(stamps / 1e6)
    texts = column(items, "parted_by").to_pylist()
    return np.array([_moment(None if text is None else orjson.loads(text)) for text in texts], float)


def _moment(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value / 1000 if abs(value) >= _MILLISECONDS else float(value)
    if not isinstance(value, str):
        return float("nan")
    try:
        when = datetime.fromisoformat(value.strip())
    except ValueError:
        return float("nan")
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
