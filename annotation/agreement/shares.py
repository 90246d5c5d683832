"""What Fleiss' kappa and Gwet's coefficients share: an item's agreement, and the shares of the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from annotation.agreement.disagreement import unequal
from annotation.agreement.tally import FloatArray, Tally


def item_sums(tally: Tally, pairs: FloatArray | None = None) -> FloatArray:
    """Items with two judgments or more, their disagreement, and all judged items; shape (n_patterns, 3).

    `pairs` are distances summed over an item's ordered pairs; unless told, 1 for each two different labels.
    """
    pairs = unequal(tally) if pairs is None else pairs
    several = tally.given >= 2
    disagreement = np.where(several, pairs / np.maximum(tally.given * (tally.given - 1), 1), 0.0)
    return np.column_stack([several, disagreement, np.ones(len(several))])


def label_shares(tally: Tally) -> Any:
    """The share of each label in each pattern, CSR (n_patterns, n_labels): an item counts once, however often judged."""
    scale = 1 / np.maximum(tally.given, 1)
    return sparse.csr_array(
        (tally.counts.data * scale[tally.row], tally.counts.indices, tally.counts.indptr),
        shape=tally.counts.shape,
    )
