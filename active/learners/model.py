"""What a learner returns: a model that predicts, and can be stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from active.learners.examples import refuse_not_finite
from active.learners.packing import packed
from active.learners.support import Support
from active.learners.types import FloatArray, Kind, Options

WHAT = "a model of Querent"
FACTS = ("kind", "n_features", "converged", "iterations", "loss", "options")
# Rows that are predicted together, at most, and numbers of one block of scores.
BLOCK, MOST_SCORES = 2048, 1_000_000


@dataclass(frozen=True, eq=False)
class Model(ABC):
    """A fitted learner."""

    kind: Kind
    n_features: int
    support: Support
    converged: bool
    iterations: int
    # Mean loss over the weighted rows at the end, with the penalty where the learner has one.
    loss: float
    options: Options

    # The name under which the learner is registered, and its models are stored.
    learner: ClassVar[str]

    @property
    def n_labels(self) -> int:
        return self.support.n_labels

    def predict(self, features: FloatArray) -> FloatArray:
        """Probability of each label, (n, k) float32; features of any float type, (n, d), are read in blocks.

        Raises ValueError when they are not as many as the model was fitted on, or hold NaN or infinity.
        """
        return self._in_blocks(features, self.learned, ())

    def committee(self, features: FloatArray) -> FloatArray | None:
        """What each of several versions of the model predicts, (members, n, k) float32; None when it has no versions."""
        return None

    def to_bytes(self) -> bytes:
        """All of it, to be stored; storing.model_from_bytes is the way back."""
        facts = {name: getattr(self, name) for name in FACTS}
        header = {**facts, "learner": self.learner, "share": self.support.share}
        return packed(
            WHAT, header, {**self.arrays(), "labels": self.support.labels, "others": self.support.others}
        )

    @abstractmethod
    def learned(self, block: FloatArray) -> FloatArray:
        """Probability of each label that was learned, (m, u), of checked float32 features (m, d)."""

    @abstractmethod
    def arrays(self) -> Mapping[str, Any]:
        """What was learned, as arrays: fields of these names."""

    def _in_blocks(
        self, features: FloatArray, of: Callable[[FloatArray], FloatArray], members: tuple[int, ...]
    ) -> FloatArray:
        """of(block), (*members, m, u), for all rows and labels: (*members, n, k)."""
        if features.ndim != 2 or features.shape[1] != self.n_features:
            raise ValueError(f"features must be (n, {self.n_features}), not {features.shape}")
        n_rows, most = len(features), max(MOST_SCORES // self.n_labels, 64)
        result = np.empty((*members, n_rows, self.n_labels), dtype=np.float32)
        for first in range(0, n_rows, min(BLOCK, most)):
            rows = slice(first, first + min(BLOCK, most))
            block = np.asarray(features[rows], dtype=np.float32)
            refuse_not_finite("features", block, first)
            result[..., rows, :] = self.support.spread(of(block))
        return result


def checked_start(
    start: Model | None, learner: type[Model], kind: Kind, n_features: int, n_labels: int
) -> Any:
    """The earlier model where it is of this learner; ValueError when it is of other features, labels or kind."""
    if start is None or not isinstance(start, learner):
        return None
    if (start.kind, start.n_features, start.n_labels) != (kind, n_features, n_labels):
        raise ValueError(
            f"start is for {start.kind} of {start.n_labels} labels and {start.n_features} features, "
            f"not for {kind} of {n_labels} labels and {n_features} features"
        )
    return start
