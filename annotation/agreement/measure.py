"""A coefficient of some judgments, with its interval and what it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from annotation.agreement import words
from annotation.agreement.bootstrap import Plan, interval
from annotation.agreement.judgments import Judgments, Level
from annotation.agreement.tally import Tally
from annotation.agreement.weighting import Weighting


@dataclass(frozen=True, slots=True)
class Coefficient:
    """`plan` gets judgments and their tally; `levels` are those that it is meant for."""

    title: str
    levels: tuple[Level, ...]
    plan: Callable[[Judgments, Tally], Plan]
    # Whether items with a single judgment say something, too: how often each label is chosen.
    singles: bool = False
    chance: bool = True
    undefined: str = words.ONE_VALUE
    # What tells the pairs of sources apart, for coefficients that are a mean over them.
    weighting: Weighting | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient with the interval that it lies in; None where it is undefined, and `meaning` says why.

    `n_items` have two judgments or more; `n_judgments` and `n_sources` are those on them.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n_items: int
    n_judgments: int
    n_sources: int
    meaning: str


def measure(
    name: str,
    coefficient: Coefficient,
    judgments: Judgments,
    *,
    seed: int = 0,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> Agreement:
    """Compute a coefficient and its bootstrap interval; `resamples` of 0 leaves the interval out."""
    several = judgments.tally.pairable
    n_sources = _n_sources(judgments, several)
    reason = _missing(coefficient, judgments, several)
    value = low = high = None
    if not reason:
        plan = coefficient.plan(judgments, judgments.tally if coefficient.singles else several)
        value, reason = plan.value(), coefficient.undefined
    if value is not None:
        found = interval(plan, value=value, seed=seed, resamples=resamples, confidence=confidence)
        low, high = (found.low, found.high) if found else (None, None)
        says = words.corrected(value) if coefficient.chance else words.percent(value)
        reason = f"{says} {words.certainty(low, high, several.n_items, confidence)}"
    return Agreement(name, value, low, high, several.n_items, several.n_judgments, n_sources, reason)


def _missing(coefficient: Coefficient, judgments: Judgments, several: Tally) -> str:
    if judgments.level not in coefficient.levels:
        return words.wrong_level(coefficient.title, judgments.level)
    if not len(judgments):
        return words.NO_JUDGMENTS
    if several.n_items:
        return ""
    one = (judgments.source == judgments.source[0]).all()
    return words.ONE_SOURCE if one else words.NO_OVERLAP


def _n_sources(judgments: Judgments, several: Tally) -> int:
    kept = np.zeros(judgments.n_items, dtype=bool)
    kept[several.item] = True
    return int(np.count_nonzero(np.bincount(judgments.source[kept[judgments.item]], minlength=1)))
