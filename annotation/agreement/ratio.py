"""Division that knows when there is nothing to divide by."""

from __future__ import annotations

import numpy as np

from annotation.agreement.tally import FloatArray

# Relative to 1; sums of squares of equal numbers may leave such a rest instead of nothing.
NOTHING = 1e-12


def ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """above / below, NaN where below is nothing."""
    found: FloatArray = np.full(np.broadcast(above, below).shape, np.nan)
    np.divide(above, below, out=found, where=below > NOTHING)
    return found


def one_minus(above: FloatArray, below: FloatArray) -> FloatArray:
    """1 - above / below, NaN where below is nothing."""
    found: FloatArray = 1.0 - ratio(above, below)
    return found


def chance_corrected(observed: FloatArray, expected: FloatArray, n: FloatArray) -> FloatArray:
    """Alpha from sums over pairs: of each item weighted by 1 / (m - 1), and of all n judgments with each other."""
    return one_minus((n - 1) * observed, expected)
