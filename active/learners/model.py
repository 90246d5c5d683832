"""What a learner returns: a model that predicts, and can be stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from active.learners.examples import refuse_not_finite
from active.learners.heads import probabilities
from active.learners.support import Support
from active.learners.types import FloatArray, Kind, Options

# Rows that are predicted together, at most, and numbers of one block of scores.
BLOCK, MOST_SCORES = 4096, 1_000_000


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
        return self.in_blocks(features, self.probabilities, ())

    def committee(self, features: FloatArray) -> FloatArray | None:
        """What each of several versions of the model predicts, (c, n, k) float32; None when there is only one."""
        return None

    def probabilities(self, block: FloatArray) -> FloatArray:
        """Probability of each label, (m, k), of one block of checked float32 features (m, d)."""
        return self.support.spread(probabilities(self.kind, self.scores(block)))

    @abstractmethod
    def scores(self, block: FloatArray) -> FloatArray:
        """Scores of the columns that the head makes probabilities from, (m, c), to be overwritten."""

    @abstractmethod
    def arrays(self) -> Mapping[str, Any]:
        """All that was learned, to be stored."""

    @classmethod
    @abstractmethod
    def restored(cls, arrays: Mapping[str, Any], **facts: Any) -> Model:
        """The model from what arrays() gave, and the fields above."""

    def in_blocks(
        self, features: FloatArray, of: Callable[[FloatArray], FloatArray], members: tuple[int, ...]
    ) -> FloatArray:
        """of(block) -> (*members, m, k), put together for all rows: (*members, n, k)."""
        if features.ndim != 2 or features.shape[1] != self.n_features:
            raise ValueError(f"features must be (n, {self.n_features}), not {features.shape}")
        n_rows, most = len(features), max(MOST_SCORES // self.n_labels, 64)
        result = np.empty((*members, n_rows, self.n_labels), dtype=np.float32)
        for first in range(0, n_rows, min(BLOCK, most)):
            rows = slice(first, first + min(BLOCK, most))
            block = np.asarray(features[rows], dtype=np.float32)
            refuse_not_finite("features", block, first)
            result[..., rows, :] = of(block)
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
