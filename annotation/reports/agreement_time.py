"""Which judgments belong to which time, so that agreement can be followed over it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from annotation.agreement import Judgments
from annotation.reports.said import Ints

PARTS = 10
LEAST_ITEMS = 10
WEEK = 7 * 86_400
# From so many weeks on, time is told by weeks; the latest half year of them.
LEAST_WEEKS, MOST_WEEKS = 4, 26


def periods(judgments: Judgments, at: npt.NDArray[np.float64]) -> tuple[str, list[tuple[str, Ints]]]:
    """How time is divided ("week", "tenth" or ""), and of each period its name and the judgments (as indices).

    An item belongs where its last judgment does; items with one judgment say nothing and are left out.
    """
    several = np.bincount(judgments.item, minlength=judgments.n_items) >= 2
    last = np.full(judgments.n_items, -np.inf)
    np.maximum.at(last, judgments.item, at)
    items = np.flatnonzero(several)
    if len(items) < 2 * LEAST_ITEMS:
        return "", []
    weeks = np.floor((last[items] - _monday(float(last[items].max()))) / WEEK).astype(np.int64)
    if len(np.unique(weeks)) >= LEAST_WEEKS:
        period = np.full(judgments.n_items, np.iinfo(np.int64).min)
        period[items] = weeks
        return "week", list(_weeks(judgments, period, weeks, _monday(float(last[items].max()))))
    return "tenth", list(_tenths(judgments, items[np.argsort(last[items], kind="stable")]))


def _weeks(
    judgments: Judgments, period: npt.NDArray[np.int64], weeks: npt.NDArray[np.int64], monday: float
) -> Iterator[tuple[str, Ints]]:
    for week in np.unique(weeks)[-MOST_WEEKS:]:
        start = datetime.fromtimestamp(monday, UTC) + timedelta(weeks=int(week))
        yield f"{start.day} {start:%b}", np.flatnonzero(period[judgments.item] == week)


def _tenths(judgments: Judgments, items: Ints) -> Iterator[tuple[str, Ints]]:
    """Equal numbers of items, in the order in which they were finished."""
    parts = min(PARTS, len(items) // LEAST_ITEMS)
    period = np.full(judgments.n_items, -1)
    period[items] = np.arange(len(items)) * parts // len(items)
    for part in range(parts):
        yield (
            f"{round(100 * part / parts)}–{round(100 * (part + 1) / parts)} %",
            np.flatnonzero(period[judgments.item] == part),
        )


def _monday(at: float) -> float:
    """The beginning of the week of this moment."""
    day = datetime.fromtimestamp(at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day - timedelta(days=day.weekday())).timestamp()
