"""Learning curves, and the figures that are read from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Curve:
    """Accuracy on the test items after each batch."""

    labels: Ints  # (points,) how many items were labeled, ascending
    accuracy: Floats  # (points,)
    asked: Ints  # (labels[-1],) rows of the pool in the order in which they were asked

    @property
    def area(self) -> float:
        return area(self.labels, self.accuracy)

    def labels_to(self, accuracy: float) -> float | None:
        return labels_to(self.labels, self.accuracy, accuracy)


def area(labels: Ints, accuracy: Floats) -> float:
    """Mean accuracy over the axis of labels, between the first point and the last, by trapezoids."""
    if len(labels) < 2:
        return float(accuracy[-1])
    return float(np.trapezoid(accuracy, labels) / (labels[-1] - labels[0]))


def labels_to(labels: Ints, accuracy: Floats, wanted: float) -> float | None:
    """How many labels it takes to reach an accuracy for the first time, between points by a straight line; None if never."""
    reached = np.flatnonzero(accuracy >= wanted)
    if not len(reached):
        return None
    k = int(reached[0])
    if k == 0:
        return float(labels[0])
    share = (wanted - accuracy[k - 1]) / (accuracy[k] - accuracy[k - 1])
    return float(labels[k - 1] + share * (labels[k] - labels[k - 1]))
