"""Multinomial logistic regression on soft, weighted targets by preconditioned L-BFGS: the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from active.learners.examples import Examples, examples
from active.learners.heads import link
from active.learners.lbfgs import Precondition, minimise
from active.learners.losses import Part, cross_entropy, ordered, part
from active.learners.model import Model, checked_start
from active.learners.types import FloatArray, Kind, Options, Targets

# Rows of a block, and numbers of its scores at most: both stay in the cache between scores and gradient.
BLOCK, MOST_SCORES = 2048, 2_000_000
# Rows that tell the curvature well enough, and features beyond which only its diagonal is used.
CURVATURE_ROWS, MOST_CURVATURE = 4096, 2048


@dataclass(frozen=True, eq=False)
class Linear(Model):
    """Scores that are sums of weighted features."""

    weights: FloatArray  # (d, c); for "ordinal" (d, 1), the same for all thresholds
    bias: FloatArray  # (c,)

    learner: ClassVar[str] = "logistic"

    def learned(self, block: FloatArray) -> FloatArray:
        return link(self.kind, block @ self.weights + self.bias)

    def arrays(self) -> Mapping[str, FloatArray]:
        return {"weights": self.weights, "bias": self.bias}


def fit(
    features: FloatArray,
    targets: Targets,
    *,
    kind: Kind = "single",
    weights: FloatArray | None = None,
    seed: int = 0,
    start: Model | None = None,
    c: float = 10.0,
    iterations: int = 200,
    tolerance: float = 1e-4,
) -> Linear:
    """Minimise the sum of losses times c plus half the squared weights, as LogisticRegression(C=c) of scikit-learn does.

    The bias is not penalised. Nothing is random. It ends when no entry of the gradient of the mean loss exceeds the
    tolerance. "set" fits each label against the rest; "ordinal" one direction with a threshold between each two labels
    (proportional odds, McCullagh 1980).
    """
    given = examples(features, targets, kind, weights)
    before = checked_start(start, Linear, kind, given.features.shape[1], given.support.n_labels)
    options = {"c": c, "iterations": iterations, "tolerance": tolerance}
    return from_examples(given, before, options)


def from_examples(given: Examples, start: Linear | None, options: Options) -> Linear:
    """Fit checked examples; a committee calls it for each member."""
    mean = given.features[:: stride(len(given), CURVATURE_ROWS)].mean(axis=0)
    penalty = 1.0 / (float(options["c"]) * float(given.weights.sum(dtype=np.float64)))
    found = minimise(
        Objective(given, mean, penalty),
        beginning(given, start, mean),
        preconditioner(given, mean, penalty),
        iterations=int(options["iterations"]),
        tolerance=float(options["tolerance"]),
    )
    by_features, offset = split(found.x, given)
    return Linear(
        kind=given.kind,
        n_features=given.features.shape[1],
        support=given.support,
        converged=found.converged,
        iterations=found.iterations,
        loss=found.trace[-1],
        options=options,
        weights=by_features,
        bias=offset - mean @ by_features,
    )


class Objective:
    """Mean loss with penalty, and its gradient, by x, which split() explains.

    Offsets are the scores at the mean of the features. They hardly depend on the weights, which makes the descent much
    shorter and changes nothing else.
    """

    def __init__(self, given: Examples, mean: FloatArray, penalty: float) -> None:
        self.given, self.mean, self.penalty = given, mean, penalty
        self.total = float(given.weights.sum(dtype=np.float64))
        size = max(min(BLOCK, MOST_SCORES // max(given.targets.shape[1], 1)), 1)
        slices = [slice(first, first + size) for first in range(0, len(given), size)]
        self.parts = [(rows, part(given.targets, given.weights, rows)) for rows in slices]

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        weights, offset = split(x, self.given)
        bias, gradient, value = offset - self.mean @ weights, np.zeros_like(x), 0.0
        by_weights, by_offset = split(gradient, self.given)
        for rows, wanted in self.parts:
            block = self.given.features[rows]
            loss, residual = self.loss(block @ weights + bias, wanted)
            value += loss
            by_weights += block.T @ self.pull(residual)
            by_offset += residual.sum(axis=0)
        by_weights -= np.outer(self.mean, self.pull(by_offset[None]))
        gradient *= np.float32(1.0 / self.total)
        by_weights += np.float32(self.penalty) * weights
        return value / self.total + 0.5 * self.penalty * float(np.vdot(weights, weights)), gradient

    def loss(self, scores: FloatArray, wanted: Part) -> tuple[float, FloatArray]:
        if self.given.kind == "ordinal":
            return ordered(scores, wanted)
        return cross_entropy(self.given.kind, scores, wanted)

    def pull(self, residual: FloatArray) -> FloatArray:
        """What the residuals (m, c) do to the weights' scores: these are shared by all thresholds."""
        return residual.sum(axis=1, keepdims=True) if self.given.kind == "ordinal" else residual


def split(x: FloatArray, given: Examples) -> tuple[FloatArray, FloatArray]:
    """Views of x: weights (d, c), and in the last row the offsets (c,); for "ordinal" one column, (d + c, 1)."""
    n_features = given.features.shape[1]
    return x[:n_features], x[n_features:].reshape(-1)


def preconditioner(given: Examples, mean: FloatArray, penalty: float) -> Precondition:
    """About the inverse Hessian: the features' covariance times the labels' mean variance, plus the penalty (Böhning 1992)."""
    share = given.shares()
    variance = np.float32(max(float((share * (1.0 - share)).mean()) if share.size else 0.0, 1e-4))
    some = given.features[:: stride(len(given), CURVATURE_ROWS)] - mean
    n_rows, n = some.shape
    # With fewer rows than features, or very many of these, the inverse costs more than it saves.
    if n_rows <= n or n > MOST_CURVATURE:
        curve = (variance * np.square(some).mean(axis=0) + np.float32(penalty))[:, None]
        return lambda g: np.concatenate([g[:n] / curve, g[n:] / variance])
    curvature = some.T @ some
    curvature *= variance / np.float32(n_rows)
    curvature[np.diag_indices(n)] += np.float32(penalty)
    inverse = np.linalg.inv(curvature)
    return lambda g: np.concatenate([inverse @ g[:n], g[n:] / variance])


def beginning(given: Examples, start: Linear | None, mean: FloatArray) -> FloatArray:
    """Where the descent starts: the earlier model, and for labels that it lacks the shares alone."""
    n_columns, n_features = len(given.columns), given.features.shape[1]
    shape = (n_features + n_columns, 1) if given.kind == "ordinal" else (n_features + 1, n_columns)
    x = np.zeros(shape, dtype=np.float32)
    weights, offset = split(x, given)
    offset[:] = given.scores_of_shares()
    if given.kind == "ordinal":
        # Strictly falling, also where shares are too close to tell.
        offset -= 1e-3 * np.arange(n_columns, dtype=np.float32)
    if start is not None:
        theirs = start.support.labels[: len(start.bias)]
        _, here, there = np.intersect1d(given.columns, theirs, return_indices=True)
        if given.kind == "ordinal":
            weights[:] = start.weights
            # Beside those of new labels its thresholds may be out of order; then they are found again.
            here, there = (here, there) if len(here) == n_columns else (here[:0], there[:0])
        else:
            weights[:, here] = start.weights[:, there]
        offset[here] = (start.bias + mean @ start.weights)[there]
    return x


def stride(rows: int, wanted: int) -> int:
    return max(rows // wanted, 1)
