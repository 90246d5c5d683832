"""How good probable labels are, honestly: each labeled item is judged by a label model that was not told its label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labelmodel.services import weak_calibration, weak_figures, weak_fitting
from labelmodel.services.weak_calibration import Calibration
from labelmodel.services.weak_labeled import Labeled
from labelmodel.services.weak_votes import Some, Sources

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
# Beside the labeled items so many others: what is learned of sources hardly changes with more.
MOST_OTHERS = 20_000
# The class balance that a fit is given, by the labeled items that it may know.
Balance = Callable[[Labeled], Floats | None]


@dataclass(frozen=True, eq=False)
class Honest:
    """The calibration, fitted to all labeled items, and figures on items that neither model nor calibration had seen."""

    calibration: Calibration
    judged: dict[str, Any]
    precisions: list[dict[str, Any]]


def judge(
    some: Some, sources: Sources, method: str, *, labeled: Labeled, balance: Balance, tick: Callable[[], None]
) -> Honest:
    """Cross-fit on the labeled items among these and a part of the others. Raises as weak_fitting.fit."""
    labeled = labeled.at(np.isin(labeled.items, some.items))
    if len(labeled) < 2:
        return Honest(Calibration(), weak_figures.judged(*_none(len(sources.labels))), [])
    part = _part(some, labeled)
    fold = weak_calibration.folds(len(labeled))
    blind = np.zeros((len(labeled), len(sources.labels)))
    for number in np.unique(fold):
        held = fold == number
        known = labeled.at(~held)
        learned = weak_fitting.fit(part, sources, method, labeled=known, prior=balance(known))
        blind[held] = _of(labeled.at(held), part, learned, sources)
        tick()
    covered = part.covered[np.searchsorted(part.items, labeled.items)]
    return _honest(blind, labeled, covered, fold, is_set=sources.is_set)


def _part(some: Some, labeled: Labeled) -> Some:
    kept = np.isin(some.items, labeled.items)
    kept[np.linspace(0, len(some) - 1, min(MOST_OTHERS, len(some))).astype(np.int64)] = True
    return some.at(np.flatnonzero(kept))


def _of(held: Labeled, part: Some, learned: weak_fitting.Learned, sources: Sources) -> Floats:
    """What the votes say of the held-out items, in their order, (m, k)."""
    order = np.argsort(held.items)
    mine = part.at(np.searchsorted(part.items, held.items[order]))
    found = np.empty((len(held), len(sources.labels)))
    found[order] = learned.posterior(mine, sources.count)
    return found


def _honest(
    blind: Floats, labeled: Labeled, covered: npt.NDArray[np.bool_], fold: Ids, *, is_set: bool
) -> Honest:
    claims, labels = blind, labeled.label
    if is_set:
        claims = weak_fitting.claims(blind, is_set=True)
        labels = labeled.right.ravel().astype(np.int64)
        covered, fold = np.repeat(covered, blind.shape[1]), np.repeat(fold, blind.shape[1])
    after = claims.copy()
    calibration = Calibration()
    if covered.any():
        calibration, after[covered] = weak_calibration.chosen(claims[covered], labels[covered], fold[covered])
    return Honest(
        calibration,
        weak_figures.judged(claims, after, labels, covered),
        weak_figures.precisions(after, labels, covered),
    )


def _none(labels: int) -> tuple[Floats, Floats, Ids, npt.NDArray[np.bool_]]:
    nothing = np.zeros((0, labels))
    return nothing, nothing, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
