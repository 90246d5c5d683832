"""A committee of logistic regressions, each on its own Bayesian bootstrap of the rows (Rubin 1981)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from active.learners import logistic
from active.learners.examples import examples
from active.learners.heads import link
from active.learners.logistic import Linear
from active.learners.model import Model, checked_start
from active.learners.types import FloatArray, Kind, Targets


@dataclass(frozen=True, eq=False)
class Committee(Model):
    """Several linear models of the same labels; predictions are the mean of theirs."""

    weights: FloatArray  # (members, d, c); for "ordinal" (members, d, 1)
    bias: FloatArray  # (members, c)

    learner: ClassVar[str] = "committee"

    def committee(self, features: FloatArray) -> FloatArray:
        return self._in_blocks(features, self.votes, (len(self.bias),))

    def learned(self, block: FloatArray) -> FloatArray:
        mean: FloatArray = self.votes(block).mean(axis=0)
        return mean

    def votes(self, block: FloatArray) -> FloatArray:
        """Probability of each learned label by each member, (members, m, u)."""
        return link(self.kind, block @ self.weights + self.bias[:, None, :])

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
    members: int = 8,
    c: float = 10.0,
    iterations: int = 200,
    tolerance: float = 1e-3,
) -> Committee:
    """Fit all rows once, then each member from there, with exponential weights that add up to as many rows."""
    if members < 2:
        raise ValueError(f"a committee has at least 2 members, not {members}")
    given = examples(features, targets, kind, weights)
    before = checked_start(start, Committee, kind, given.features.shape[1], given.support.n_labels)
    options = {"c": c, "iterations": iterations, "tolerance": tolerance}
    all_rows = logistic.from_examples(given, mean_member(before), options)
    rng, fitted = np.random.default_rng(seed), []
    for _ in range(members):
        drawn = rng.standard_exponential(len(given)).astype(np.float32)
        drawn /= drawn.mean()
        fitted.append(logistic.from_examples(given.weighted(drawn), all_rows, options))
    return Committee(
        kind=kind,
        n_features=all_rows.n_features,
        support=given.support,
        converged=all(one.converged for one in fitted),
        iterations=max(one.iterations for one in fitted),
        loss=float(np.mean([one.loss for one in fitted])),
        options={"members": members, **options},
        weights=np.stack([one.weights for one in fitted]),
        bias=np.stack([one.bias for one in fitted]),
    )


def mean_member(committee: Committee | None) -> Linear | None:
    """The linear model in the middle, to start from."""
    if committee is None:
        return None
    return Linear(
        kind=committee.kind,
        n_features=committee.n_features,
        support=committee.support,
        converged=committee.converged,
        iterations=committee.iterations,
        loss=committee.loss,
        options=committee.options,
        weights=committee.weights.mean(axis=0),
        bias=committee.bias.mean(axis=0),
    )
