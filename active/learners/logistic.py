"""Multinomial logistic regression on soft, weighted targets by preconditioned L-BFGS: the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from active.learners.examples import Examples, examples
from active.learners.heads import link
from active.learners.lbfgs import Precondition, minimise
from active.learners.losses import cross_entropy, part
from active.learners.model import Model, checked_start
from active.learners.types import FloatArray, Kind, Options, Targets

# Rows of a block, and numbers of its scores at most: both stay in the cache between scores and gradient.
BLOCK, MOST_SCORES = 2048, 2_000_000
# Rows that tell the curvature well enough, and features beyond which only its diagonal is used.
CURVATURE_ROWS, MOST_CURVATURE = 4096, 2048


@dataclass(frozen=True, eq=False)
class Linear(Model):
    """Scores that are sums of weighted features."""

    weights: FloatArray  # (d, c)
    bias: FloatArray  # (c,)

    learner: ClassVar[str] = "logistic"

    def learned(self, block: FloatArray) -> FloatArray:
        scores = block @ self.weights
        scores += self.bias
        return link(self.kind, scores)

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
    tolerance. "set" and "ordinal" fit each column by itself: one label against the rest, or the labels above against
    those up to it.
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
    return Linear(
        kind=given.kind,
        n_features=given.features.shape[1],
        support=given.support,
        converged=found.converged,
        iterations=found.iterations,
        loss=found.trace[-1],
        options=options,
        weights=found.x[:-1],
        bias=found.x[-1] - mean @ found.x[:-1],
    )


class Objective:
    """Mean loss with penalty, and its gradient, by x (d + 1, c): weights, and last the bias at the mean of the features.

    A bias at the mean hardly depends on the weights, which makes the descent much shorter and changes nothing else.
    """

    def __init__(self, given: Examples, mean: FloatArray, penalty: float) -> None:
        self.given, self.mean, self.penalty = given, mean, penalty
        self.total = float(given.weights.sum(dtype=np.float64))
        size = max(min(BLOCK, MOST_SCORES // max(given.targets.shape[1], 1)), 1)
        slices = [slice(first, first + size) for first in range(0, len(given), size)]
        self.parts = [(rows, part(given.targets, given.weights, rows)) for rows in slices]

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        weights, bias = x[:-1], x[-1] - self.mean @ x[:-1]
        value, gradient = 0.0, np.zeros_like(x)
        for rows, wanted in self.parts:
            block = self.given.features[rows]
            scores = block @ weights
            scores += bias
            loss, residual = cross_entropy(self.given.kind, scores, wanted)
            value += loss
            gradient[:-1] += block.T @ residual
            gradient[-1] += residual.sum(axis=0)
        gradient[:-1] -= np.outer(self.mean, gradient[-1])
        gradient *= np.float32(1.0 / self.total)
        gradient[:-1] += np.float32(self.penalty) * weights
        return value / self.total + 0.5 * self.penalty * float(np.vdot(weights, weights)), gradient


def preconditioner(given: Examples, mean: FloatArray, penalty: float) -> Precondition:
    """About the inverse Hessian: the features' covariance times the labels' mean variance, plus the penalty (Böhning 1992)."""
    share = given.shares()
    variance = np.float32(max(float((share * (1.0 - share)).mean()) if share.size else 0.0, 1e-4))
    some = given.features[:: stride(len(given), CURVATURE_ROWS)] - mean
    n_rows, n_features = some.shape
    # With fewer rows than features, or very many of these, the inverse costs more than it saves.
    if n_rows <= n_features or n_features > MOST_CURVATURE:
        curve = variance * np.square(some).mean(axis=0) + np.float32(penalty)
        return lambda g: np.concatenate([g[:-1] / curve[:, None], g[-1:] / variance])
    curvature = some.T @ some
    curvature *= variance / np.float32(n_rows)
    curvature[np.diag_indices(n_features)] += np.float32(penalty)
    inverse = np.linalg.inv(curvature)
    return lambda g: np.concatenate([inverse @ g[:-1], g[-1:] / variance])


def beginning(given: Examples, start: Linear | None, mean: FloatArray) -> FloatArray:
    """Where the descent starts, (d + 1, c): the earlier model's columns, and for labels it lacks the shares alone."""
    columns = given.columns
    x = np.zeros((given.features.shape[1] + 1, len(columns)), dtype=np.float32)
    x[-1] = given.scores_of_shares()
    if start is not None:
        theirs = start.support.labels[: start.weights.shape[1]]
        _, here, there = np.intersect1d(columns, theirs, return_indices=True)
        x[:-1, here] = start.weights[:, there]
        x[-1, here] = start.bias[there] + mean @ start.weights[:, there]
    return x


def stride(rows: int, wanted: int) -> int:
    return max(rows // wanted, 1)
