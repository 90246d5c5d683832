"""Make probabilities mean what they say, by what people labeled: a temperature, or steps that only rise. Arrays only.

Of a set, every label of every item is a claim of its own, with the chances that it is absent and present.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
TINY = 1e-9
# Labeled items that a calibration takes; of fewer, none is fitted.
LEAST = {"temperature": 20, "isotonic": 200}
# Before the items tell, a temperature of 1 counts as much as so many of them.
AHEAD = 2.0
TEMPERATURES = np.exp(np.linspace(np.log(0.25), np.log(8.0), 61))
FOLDS = 5
# What one must gain, in nats, to be preferred to a simpler one; it must also be more than its standard error.
WORTH = 1e-3
# Steps that are kept of an isotonic calibration.
MOST_STEPS = 100


@dataclass(frozen=True)
class Calibration:
    """How probabilities (n, k) change. `steps`: pairs of what is said and what it means, rising, joined by lines."""

    method: str = "none"
    temperature: float = 1.0
    steps: tuple[tuple[float, float], ...] = field(default=())

    def apply(self, probabilities: Floats) -> Floats:
        """(n, k), rows sum to 1 and keep their likeliest label."""
        given = np.asarray(probabilities, dtype=np.float64)
        if self.method == "none" or not given.size:
            return given
        return (
            _tempered(given, self.temperature)
            if self.method == "temperature"
            else _stepped(given, self.steps)
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "temperature": self.temperature,
            "steps": [list(one) for one in self.steps],
        }


def from_json(told: Mapping[str, Any]) -> Calibration:
    """What as_json told; none of what is empty."""
    if not told:
        return Calibration()
    steps = tuple((float(x), float(y)) for x, y in told.get("steps", ()))
    return Calibration(told.get("method", "none"), float(told.get("temperature", 1.0)), steps)


def _tempered(given: Floats, temperature: float) -> Floats:
    logs = np.log(np.maximum(given, TINY)) / temperature
    logs -= logs.max(axis=1, keepdims=True)
    chances = np.exp(logs)
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def _stepped(given: Floats, steps: tuple[tuple[float, float], ...]) -> Floats:
    """The likeliest label gets what its chance means; the others share the rest as before, and stay behind it."""
    rows, top = np.arange(len(given)), given.argmax(axis=1)
    said = given[rows, top]
    others = given.copy()
    others[rows, top] = 0.0
    rest = others.sum(axis=1)
    meant = np.interp(said, *np.array(steps).T)
    second = others.max(axis=1) / np.maximum(rest, TINY)
    meant = np.maximum(meant, second / (1.0 + second) + TINY)
    scaled = others * ((1.0 - meant) / np.maximum(rest, TINY))[:, None]
    scaled[rows, top] = np.where(rest > TINY, meant, 1.0)
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))


def log_losses(probabilities: Floats, labels: Ints) -> Floats:
    """-log of what was said of the right label, (n,)."""
    return np.asarray(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], TINY)))


def fit_temperature(probabilities: Floats, labels: Ints) -> Calibration:
    """The temperature of least log loss, held to 1 while items are few (Guo et al. 2017)."""
    held = AHEAD * np.log(TEMPERATURES) ** 2
    losses = [float(log_losses(_tempered(probabilities, one), labels).sum()) for one in TEMPERATURES]
    return Calibration("temperature", float(TEMPERATURES[np.argmin(np.array(losses) + held)]))


def fit_isotonic(probabilities: Floats, labels: Ints) -> Calibration:
    """How often the likeliest label is right, by what is said of it, as steps that only rise (Zadrozny & Elkan 2002)."""
    said, right = probabilities.max(axis=1), (probabilities.argmax(axis=1) == labels).astype(np.float64)
    order = np.argsort(said, kind="stable")
    # Few items alike tell too little to be a step: equal parts, one of them each.
    parts = np.array_split(order, max(1, min(MOST_STEPS, len(order) // 20)))
    x = np.array([said[part].mean() for part in parts])
    y = np.array([(right[part].sum() + 1.0) / (len(part) + 2.0) for part in parts])
    risen = rising(y, np.array([float(len(part)) for part in parts]))
    return Calibration("isotonic", 1.0, tuple(zip(x.tolist(), risen.tolist(), strict=True)))


def rising(values: Floats, weights: Floats) -> Floats:
    """The rising values closest to these (pool adjacent violators; Ayer et al. 1955)."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        block = (value, weight, 1)
        while blocks and blocks[-1][0] >= block[0]:
            mean, heavy, count = blocks.pop()
            total = heavy + block[1]
            block = ((mean * heavy + block[0] * block[1]) / total, total, count + block[2])
        blocks.append(block)
    return np.concatenate([np.full(count, value) for value, _, count in blocks]) if blocks else values


FITS: dict[str, Callable[[Floats, Ints], Calibration]] = {
    "none": lambda probabilities, labels: Calibration(),
    "temperature": fit_temperature,
    "isotonic": fit_isotonic,
}


def folds(n: int) -> Ints:
    """The fold of each row, (n,); rows come in an order that says nothing about them."""
    return np.arange(n) % min(FOLDS, max(n, 1))


def chosen(probabilities: Floats, labels: Ints, fold: Ints) -> tuple[Calibration, Floats]:
    """The calibration of least log loss on items that it was not fitted to, fitted to all; and what calibrations that did
    not see an item make of it, (n, k)."""
    best, best_made = "none", np.asarray(probabilities, dtype=np.float64)
    for name, least in LEAST.items():
        if len(labels) < least:
            continue
        made = _unseen(name, probabilities, labels, fold)
        gained = log_losses(best_made, labels) - log_losses(made, labels)
        error = float(gained.std(ddof=1)) / np.sqrt(len(gained))
        if float(gained.mean()) > max(WORTH, error):
            best, best_made = name, made
    return FITS[best](probabilities, labels), best_made


def _unseen(name: str, probabilities: Floats, labels: Ints, fold: Ints) -> Floats:
    made = np.array(probabilities, dtype=np.float64)
    for number in np.unique(fold):
        held = fold == number
        fitted = FITS[name](probabilities[~held], labels[~held])
        made[held] = fitted.apply(probabilities[held])
    return made


def reliability(probabilities: Floats, labels: Ints, bins: int = 10) -> list[dict[str, Any]]:
    """Confidence of the likeliest label against how often it is right, in equally wide bins that hold anything."""
    said, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = np.minimum((said * bins).astype(int), bins - 1)
    return [
        {
            "confidence": round(float(said[place == n].mean()), 4),
            "accuracy": round(float(right[place == n].mean()), 4),
            "n": int((place == n).sum()),
        }
        for n in np.unique(place)
    ]


def brier(probabilities: Floats, labels: Ints) -> float:
    """Mean squared distance from what is right, over all labels; 0 is best, 2 is worst (Brier 1950)."""
    right = np.zeros_like(probabilities)
    right[np.arange(len(labels)), labels] = 1.0
    return float(((probabilities - right) ** 2).sum(axis=1).mean())
