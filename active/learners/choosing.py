"""Which calibration: the one of least log loss on items that it was not fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from active.learners.calibration import CALIBRATIONS, Calibration
from active.learners.folds import folds_of, strata_of
from active.learners.losses_by_row import log_losses
from active.learners.types import FloatArray, IntArray, Kind, Targets

# Items that a calibration takes at all; for each label, items that one with parameters of labels takes; and that one
# with steps for each label does.
ITEMS, ITEMS_BY_LABEL, ITEMS_BY_STEP = 30, 10, 100
# What one must gain, in nats, to be preferred to a simpler one; it must also be more than its standard error.
WORTH = 1e-3


@dataclass(frozen=True, eq=False)
class Choice:
    """The calibration chosen, fitted to all items, and the cross-validated log loss of each that was offered."""

    calibration: Calibration
    log_loss: Mapping[str, float]


def offered(items: int, n_labels: int) -> list[str]:
    """Calibrations, simplest first, that so many items are enough for."""
    least = {
        "none": 0,
        "temperature": ITEMS,
        "platt": max(ITEMS, ITEMS_BY_LABEL * n_labels),
        "isotonic": ITEMS_BY_STEP * max(n_labels, 2),
    }
    return [name for name in CALIBRATIONS if items >= least[name]]


def calibrate(
    probabilities: FloatArray,
    targets: Targets,
    *,
    kind: Kind = "single",
    weights: FloatArray | None = None,
    keys: IntArray | None = None,
) -> Choice:
    """Choose and fit a calibration of out-of-fold probabilities (n, k). Nothing is random; keys as in out_of_fold."""
    count = np.ones(len(probabilities)) if weights is None else np.asarray(weights, dtype=np.float64)
    given = np.arange(len(probabilities)) if keys is None else keys
    fold = folds_of(given, strata_of(targets, kind))
    names, chosen = offered(len(probabilities), probabilities.shape[1]), "none"
    losses = {name: judged(name, kind, probabilities, targets, count, fold) for name in names}
    for name in names[1:]:
        gained = losses[chosen] - losses[name]
        error = float(gained.std(ddof=1)) / np.sqrt(len(gained))
        if float(np.average(gained, weights=count)) > max(WORTH, error):
            chosen = name
    fitted = CALIBRATIONS[chosen](kind, probabilities, targets, count)
    return Choice(fitted, {name: float(np.average(loss, weights=count)) for name, loss in losses.items()})


def judged(
    name: str, kind: Kind, probabilities: FloatArray, targets: Targets, weights: FloatArray, fold: IntArray
) -> FloatArray:
    """Log loss of each item, (n,), by the calibration fitted to the other folds."""
    result = np.zeros(len(probabilities))
    for number in np.unique(fold):
        learn, judge = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if name != "none":
            fitted = CALIBRATIONS[name](kind, probabilities[learn], targets[learn], weights[learn])
            changed = fitted.apply(probabilities[judge])
        else:
            changed = probabilities[judge]
        result[judge] = log_losses(kind, changed, targets[judge])
    return result
