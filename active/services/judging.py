"""How good a model is: calibrated by cross-validation, and its scores as pages and REST show them."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from active.learners import Calibration, Estimate, Fit, Kind, calibrate, evaluate, out_of_fold
from active.services.training_data import Labeled

Floats = npt.NDArray[np.float32]
# Of many labels, so many cells of the confusion and so many labels are kept, the largest first.
MOST_CELLS, MOST_LABELS = 400, 100
RELIABILITY_BINS = 10


def kind_of(labeled: Labeled) -> Kind:
    return cast("Kind", labeled.kind)


def calibrated(fit: Fit, features: Floats, labeled: Labeled, *, seed: int) -> tuple[Calibration, Floats]:
    """The calibration of least cross-validated log loss, and the calibrated out-of-fold probabilities (m, k)."""
    if len(labeled) < 2:
        return Calibration("none", kind_of(labeled), {}), np.asarray(labeled.targets)
    raw = out_of_fold(
        fit,
        features,
        labeled.targets,
        keys=labeled.items,
        kind=kind_of(labeled),
        weights=labeled.weights,
        seed=seed,
    )
    chosen = calibrate(
        raw, labeled.targets, kind=kind_of(labeled), weights=labeled.weights, keys=labeled.items
    )
    return chosen.calibration, np.asarray(chosen.calibration.apply(raw), dtype=np.float32)


def scores(probabilities: Floats, labeled: Labeled) -> dict[str, Any]:
    """Everything that is told of predictions (m, k) of these items."""
    found = evaluate(kind_of(labeled), probabilities, labeled.targets)
    told = {
        "n": found.n,
        "accuracy": estimate(found.accuracy),
        "macro_f1": estimate(found.macro_f1),
        "log_loss": round_off(found.log_loss.value),
        "brier": round_off(found.brier.value),
        "calibration_error": round_off(found.calibration_error),
        "labels": [
            {
                "label": labeled.labels[one.label],
                "precision": round_off(one.precision),
                "recall": round_off(one.recall),
                "f1": round_off(one.f1),
                "support": one.support,
            }
            for one in sorted(found.labels, key=lambda one: -one.support)[:MOST_LABELS]
        ],
        "confusion": [
            [labeled.labels[true], labeled.labels[said], count]
            for true, said, count in sorted(found.confusion, key=lambda cell: -cell[2])[:MOST_CELLS]
        ],
        "reliability": reliability(probabilities, labeled),
    }
    names = {"absolute_error": "mean_absolute_error"}
    return told | {names.get(name, name): estimate(value) for name, value in found.more.items()}


def reliability(probabilities: Floats, labeled: Labeled) -> list[dict[str, Any]]:
    """Confidence against accuracy in equally wide bins, those that have items; not for sets."""
    if labeled.kind == "set":
        return []
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labeled.targets.argmax(axis=1)
    bins = np.minimum((confidence * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)
    return [
        {
            "confidence": round_off(float(confidence[bins == n].mean())),
            "accuracy": round_off(float(right[bins == n].mean())),
            "n": int((bins == n).sum()),
        }
        for n in np.unique(bins)
    ]


def estimate(value: Estimate) -> dict[str, float]:
    return {"value": round_off(value.value), "low": round_off(value.low), "high": round_off(value.high)}


def round_off(value: float) -> float:
    return round(float(value), 4)
