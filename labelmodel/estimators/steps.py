"""E-steps and M-steps that several estimators share, and the climb that alternates them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from labelmodel.estimators.votes import Evidence, FloatArray

# Below any real chance; keeps logarithms finite.
TINY = 1e-12
# Rows of each label that a class prior counts in advance, so that no label becomes impossible.
FEW_ROWS = 0.01

Theta = TypeVar("Theta")


def climb(
    step: Callable[[Theta], tuple[Theta, float]], start: Theta, iterations: int, tolerance: float
) -> tuple[Theta, FloatArray, bool]:
    """Repeat one E-step and M-step until the objective gains less than tolerance, relative to its size.

    step returns the next parameters and the objective at those it was given.
    """
    theta, trace, converged = start, [], False
    for _ in range(iterations):
        theta, objective = step(theta)
        trace.append(objective)
        converged = len(trace) > 1 and trace[-1] - trace[-2] <= tolerance * (1.0 + abs(objective))
        if converged:
            break
    return theta, np.array(trace), converged


def shares(counts: FloatArray) -> FloatArray:
    """Counts as shares of the last axis; even shares where there is nothing to share."""
    totals = counts.sum(axis=-1, keepdims=True)
    even = np.full_like(counts, 1.0 / max(counts.shape[-1], 1))
    np.divide(counts, totals, out=even, where=totals > 0)
    return even


def class_prior(rows: FloatArray, ahead: FloatArray | float = FEW_ROWS) -> FloatArray:
    """Shares of the columns from expected rows per column and rows counted ahead, that is, Dirichlet(1 + ahead)."""
    counts = rows + ahead
    return np.asarray(counts / max(counts.sum(), TINY))


def log_density(prior: FloatArray, ahead: FloatArray | float = FEW_ROWS) -> float:
    """Log density of a class prior under the Dirichlet of class_prior, up to a constant."""
    return float(np.sum(ahead * np.log(np.maximum(prior, TINY))))


def vote_shares(evidence: Evidence) -> FloatArray:
    """Share of each column among a row's votes, (n_rows, n_columns); known labels count as certain."""
    return settle_known(shares(evidence.counts), evidence)


def settle_known(posterior: FloatArray, evidence: Evidence) -> FloatArray:
    """Make the known labels certain, in place, and return the posterior."""
    rows, columns = evidence.known
    posterior[rows] = 0.0
    posterior[rows, columns] = 1.0
    return posterior


def normalize(scores: FloatArray) -> FloatArray:
    """Turn log scores into chances, in place; return the logarithm of each row's total.

    Works by column: NumPy's reductions over a short last axis are several times slower.
    """
    top = scores.max(axis=1, initial=-np.inf) if scores.shape[1] > 16 else highest(scores)
    scores -= top[:, None]
    np.exp(scores, out=scores)
    total = scores @ np.ones(scores.shape[1])
    scores /= total[:, None]
    return np.asarray(np.log(total) + top)


def highest(scores: FloatArray) -> FloatArray:
    top = np.full(len(scores), -np.inf)
    for column in scores.T:
        np.maximum(top, column, out=top)
    return top


def fix_known(scores: FloatArray, evidence: Evidence, first: int = 0) -> None:
    """Rule out, in place, every label but the known one. scores are those of the rows from first on."""
    rows, columns = evidence.known
    inside = (rows >= first) & (rows < first + len(scores))
    rows, columns = rows[inside] - first, columns[inside]
    kept = scores[rows, columns]
    scores[rows] = -np.inf
    scores[rows, columns] = kept
