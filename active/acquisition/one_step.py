"""One step of training after one more example, for all examples at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from active.acquisition.pool import FloatArray

# A step further than this settles any label; keeps exponentials finite.
FARTHEST = 30.0

Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trained:
    """A softmax regression with intercept, as far as its curvature goes: bounded by half a Gram matrix (Böhning 1992)."""

    labeled: FloatArray  # (m, d)
    weight: float  # how many labeled items each row of `labeled` stands for
    penalty: float

    @cached_property
    def _factor(self) -> tuple[Float64, bool]:
        inner = gram(self.labeled, self.labeled)
        inner[np.diag_indices_from(inner)] += 2.0 * self.penalty / self.weight
        return cho_factor(inner, overwrite_a=True)  # type: ignore[no-any-return]

    def covariance(self, rows: FloatArray, candidates: FloatArray) -> tuple[Float64, Float64]:
        """Inner products of rows (r, d) and candidates (c, d) in the metric of the inverse curvature, (r, c); and of each candidate with itself, (c,).

        By Woodbury's identity only the labeled rows' Gram matrix is inverted, so that the number of dimensions does not matter.
        """
        seen = gram(self.labeled, candidates)
        known = cho_solve(self._factor, seen) if len(self.labeled) else seen
        between = (gram(rows, candidates) - gram(rows, self.labeled) @ known) / self.penalty
        own = (squares(candidates) - np.einsum("mc,mc->c", seen, known)) / self.penalty
        return between, np.maximum(own, 0.0)


def steps(between: Float64, own: Float64) -> Float64:
    """How far a row's scores move, (rows, candidates), by Newton's step after a candidate of probabilities p is trained on as y.

    They move by this number times e_y - p. The candidate itself adds to the curvature, by rank one.
    """
    return np.asarray(np.clip(between / (1.0 + own / 2.0), -FARTHEST, FARTHEST))


def in_turn(gain: Float64, covariance: Float64, rows: int, turns: int) -> Float64:
    """Gains (c,) when the best is taken, then the best of what is left, and so on: what is like one taken before gains less.

    covariance (rows + c, c) has that of some rows and below it that of the candidates, and is written to. The fall of entropy grows
    with the square of the steps; so a gain falls as the squares of the candidate's steps do when the ones taken are trained on.
    """
    gains, left = gain.copy(), np.ones(len(gain), dtype=bool)
    full = _reach(covariance, rows)
    for _ in range(min(turns, len(gain))):
        best = int(np.where(left, gains, -np.inf).argmax())
        left[best] = False
        covariance -= np.outer(
            covariance[:, best] / (2.0 + covariance[rows + best, best]), covariance[rows + best]
        )
        discounted = np.where(gain > 0.0, gain * _reach(covariance, rows) / full, gain)
        gains[left] = np.minimum(gains, discounted)[left]
    return gains


def _reach(covariance: Float64, rows: int) -> Float64:
    own = np.maximum(np.diagonal(covariance[rows:]), 0.0)
    squared = np.einsum("rc,rc->c", covariance[:rows], covariance[:rows])
    return np.asarray(np.maximum(squared, 1e-300) / (1.0 + own / 2.0) ** 2)


def gram(left: FloatArray, right: FloatArray) -> Float64:
    """Inner products, each row with the 1 of the intercept behind it."""
    return np.asarray(left.astype(np.float64) @ right.astype(np.float64).T + 1.0)


def squares(rows: FloatArray) -> Float64:
    return np.asarray(np.einsum("ij,ij->i", rows, rows, dtype=np.float64) + 1.0)
