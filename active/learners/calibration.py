"""Make probabilities mean what they say: maps fitted on out-of-fold probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse

from active.learners.heads import sigmoid, softmax
from active.learners.lbfgs import minimise
from active.learners.losses import cross_entropy, part
from active.learners.packing import NotReadable, packed, unpacked
from active.learners.types import FloatArray, Kind, Targets

WHAT = "a calibration of Querent"
# Chances closer to 0 or 1 than this are taken for it.
LEAST = 1e-7
# Rows by which parameters of labels are held at changing nothing.
HELD = 1.0


@dataclass(frozen=True, eq=False)
class Calibration:
    """A map of probabilities, fitted once."""

    method: str
    kind: Kind
    arrays: Mapping[str, FloatArray]

    def apply(self, probabilities: FloatArray) -> FloatArray:
        """Calibrated probabilities, (..., k) float32; but for sets, rows add up to 1."""
        return np.asarray(MAPS[self.method](self, np.asarray(probabilities)), dtype=np.float32)

    def to_bytes(self) -> bytes:
        return packed(WHAT, {"method": self.method, "kind": self.kind}, self.arrays)


# From out-of-fold probabilities (n, k), targets (n, k) and weights (n,).
Calibrate = Callable[[Kind, FloatArray, Targets, FloatArray], Calibration]


def calibration_from_bytes(stored: bytes) -> Calibration:
    """What to_bytes stored. NotReadable, a ValueError, when it is anything else."""
    facts, arrays = unpacked(WHAT, stored)
    if facts.get("method") not in MAPS:
        raise NotReadable(f"{WHAT} by {facts.get('method')!r}, which is not one of {', '.join(MAPS)}")
    return Calibration(facts["method"], facts["kind"], arrays)


def none(kind: Kind, probabilities: FloatArray, targets: Targets, weights: FloatArray) -> Calibration:
    """Leave them as they are."""
    return Calibration("none", kind, {})


def temperature(kind: Kind, probabilities: FloatArray, targets: Targets, weights: FloatArray) -> Calibration:
    """One slope for all scores: sharper or flatter, in the same order (Guo et al. 2017)."""
    scores = scores_of(kind, probabilities)
    slope, _ = fitted(kind, scores, targets, weights, by_label=False)
    return Calibration("temperature", kind, {"slope": slope})


def platt(kind: Kind, probabilities: FloatArray, targets: Targets, weights: FloatArray) -> Calibration:
    """A slope and an offset for each label (Platt 1999; for one label among many, vector scaling, Guo et al. 2017)."""
    scores = scores_of(kind, probabilities)
    slope, offset = fitted(kind, scores, targets, weights, by_label=True)
    return Calibration("platt", kind, {"slope": slope, "offset": offset})


def isotonic(kind: Kind, probabilities: FloatArray, targets: Targets, weights: FloatArray) -> Calibration:
    """A rising step function for each label, made to add up to 1 afterwards (Zadrozny & Elkan 2002)."""
    from sklearn.isotonic import IsotonicRegression

    dense = targets.toarray() if issparse(targets) else np.asarray(targets)
    # A share of 0 or 1 among so many rows is not certainty.
    floor = 0.5 / (len(dense) + 1.0)
    steps = []
    for label in range(dense.shape[1]):
        fit = IsotonicRegression(y_min=floor, y_max=1.0 - floor, out_of_bounds="clip")
        fit.fit(probabilities[:, label], dense[:, label], sample_weight=weights)
        steps.append((fit.X_thresholds_, fit.y_thresholds_))
    most = max(len(x) for x, _ in steps)
    x, y = (
        np.stack([np.pad(step[side], (0, most - len(step[side])), mode="edge") for step in steps])
        for side in (0, 1)
    )
    return Calibration("isotonic", kind, {"x": x, "y": y})


CALIBRATIONS: dict[str, Calibrate] = {
    "none": none,
    "temperature": temperature,
    "platt": platt,
    "isotonic": isotonic,
}


def scores_of(kind: Kind, probabilities: FloatArray) -> FloatArray:
    """Log odds of each label by itself, or logs of one among all."""
    chance = np.clip(probabilities.astype(np.float64), LEAST, 1.0 - LEAST if kind == "set" else 1.0)
    return np.log(chance) - np.log1p(-chance) if kind == "set" else np.log(chance)


def fitted(
    kind: Kind, scores: FloatArray, targets: Targets, weights: FloatArray, *, by_label: bool
) -> tuple[FloatArray, FloatArray]:
    """Slope and offset of least log loss; held near 1 and 0, or at them for labels that hardly occur."""
    wanted = part(targets, weights.astype(np.float64), slice(None))
    total, n_labels = float(weights.sum()), scores.shape[1]
    occurs = np.asarray(targets.T @ weights).ravel() >= 1.0
    free = np.stack([occurs, occurs]) if by_label else np.array([[1.0], [0.0]])

    def objective(x: FloatArray) -> tuple[float, FloatArray]:
        scaled = scores * (1.0 + x[0]) + x[1]
        value, residual = cross_entropy("set" if kind == "set" else "single", scaled, wanted)
        by_column = np.stack([(residual * scores).sum(axis=0), residual.sum(axis=0)])
        gradient = by_column if by_label else by_column.sum(axis=1, keepdims=True)
        held = HELD * x
        return (value + 0.5 * float(np.vdot(x, held))) / total, (gradient + held) * free / total

    x = np.zeros((2, n_labels if by_label else 1))
    found = minimise(objective, x, lambda gradient: gradient, iterations=200, tolerance=1e-6).x
    return 1.0 + found[0], found[1]


def as_it_is(calibration: Calibration, probabilities: FloatArray) -> FloatArray:
    return probabilities


def scaled(calibration: Calibration, probabilities: FloatArray) -> FloatArray:
    scores = scores_of(calibration.kind, probabilities) * calibration.arrays["slope"]
    scores += calibration.arrays.get("offset", 0.0)
    return sigmoid(scores) if calibration.kind == "set" else softmax(scores)


def stepped(calibration: Calibration, probabilities: FloatArray) -> FloatArray:
    x, y = calibration.arrays["x"], calibration.arrays["y"]
    result = np.stack(
        [np.interp(probabilities[..., label], x[label], y[label]) for label in range(len(x))], axis=-1
    )
    return result if calibration.kind == "set" else result / result.sum(axis=-1, keepdims=True)


MAPS: dict[str, Callable[[Calibration, FloatArray], FloatArray]] = {
    "none": as_it_is,
    "temperature": scaled,
    "platt": scaled,
    "isotonic": stepped,
}
