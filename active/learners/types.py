"""What learners take and return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from active.learners.model import Model

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]

# single: one label is right, rows of targets add up to 1. set: any number of labels is right, each target is a
# probability of its own. ordinal: one label is right, and labels have an order (ratings).
Kind = Literal["single", "set", "ordinal"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# (n, k) probability that each label is right: soft, and sparse where labels are many.
Targets: TypeAlias = Any  # FloatArray | csr_array; SciPy has no types
Options = Mapping[str, bool | int | float | str]


class Fit(Protocol):
    """A learner: from features (n, d) and targets (n, k) to a model.

    `weights` (n,) count rows: 2 is the same as the row twice, 0 as no row. `start` is an earlier model of the same kind,
    features and labels; learners that cannot use it ignore it. Raises ValueError, with what is wrong, when the arrays are
    not aligned, hold NaN or infinity, or have no row that counts.
    """

    def __call__(
        self,
        features: FloatArray,
        targets: Targets,
        *,
        kind: Kind = "single",
        weights: FloatArray | None = None,
        seed: int = 0,
        start: Model | None = None,
    ) -> Model: ...


def one_hot(labels: IntArray, n_labels: int) -> Targets:
    """Targets (n, n_labels) of items whose label is known, from label numbers (n,)."""
    labels = np.asarray(labels)
    if len(labels) and not (labels.min() >= 0 and labels.max() < n_labels):
        raise ValueError(f"labels must be in [0, {n_labels}), found {labels.min()} to {labels.max()}")
    starts = np.arange(len(labels) + 1)
    return csr_array((np.ones(len(labels), dtype=np.float32), labels, starts), shape=(len(labels), n_labels))
