"""A small network with one hidden layer and dropout, trained by torch and predicting by NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from active.learners.examples import Examples, examples
from active.learners.heads import link
from active.learners.model import Model
from active.learners.types import FloatArray, Kind, Targets

# Of so many rows and more, one in VALIDATE_ONE_OF tells when to stop; with fewer, the training loss does.
ENOUGH_TO_VALIDATE, VALIDATE_ONE_OF = 60, 7


@dataclass(frozen=True, eq=False)
class Network(Model):
    """Scores by one hidden layer; its committee are the networks that are left when units drop out (Gal & Ghahramani 2016)."""

    inner: FloatArray  # (d, hidden)
    inner_bias: FloatArray  # (hidden,)
    outer: FloatArray  # (hidden, c)
    outer_bias: FloatArray  # (c,)
    # (members, hidden) 0 for units that are left out. A member leaves out the same units for all items, so that an
    # item's votes do not depend on what else is in the block (Kirsch et al. 2019).
    masks: FloatArray

    learner: ClassVar[str] = "mlp"

    def committee(self, features: FloatArray) -> FloatArray:
        return self._in_blocks(features, self.votes, (len(self.masks),))

    def learned(self, block: FloatArray) -> FloatArray:
        return link(self.kind, self.hidden(block) @ self.outer + self.outer_bias)

    def votes(self, block: FloatArray) -> FloatArray:
        """Probability of each learned label by each member, (members, m, u)."""
        hidden = self.hidden(block)
        scores = hidden @ (self.masks[:, :, None] * self.outer)
        scores += self.outer_bias
        return link(self.kind, scores)

    def hidden(self, block: FloatArray) -> FloatArray:
        """Units of the hidden layer, (m, hidden)."""
        units = block @ self.inner
        units += self.inner_bias
        np.maximum(units, 0.0, out=units)
        return units

    def arrays(self) -> Mapping[str, Any]:
        return {
            "inner": self.inner,
            "inner_bias": self.inner_bias,
            "outer": self.outer,
            "outer_bias": self.outer_bias,
            "masks": self.masks,
        }


def fit(
    features: FloatArray,
    targets: Targets,
    *,
    kind: Kind = "single",
    weights: FloatArray | None = None,
    seed: int = 0,
    start: Model | None = None,
    hidden: int = 128,
    dropout: float = 0.3,
    mixup: float = 0.0,
    rate: float = 3e-3,
    decay: float = 1e-2,
    batch: int = 128,
    epochs: int = 100,
    patience: int = 10,
    members: int = 10,
) -> Network:
    """Train by AdamW until the loss of held-out rows has not fallen for `patience` epochs, and keep the best.

    mixup above 0 trains on mixtures of two rows, with shares drawn from Beta(mixup, mixup) (Zhang et al. 2018). Uses CUDA
    where there is one. All that is random follows from the seed; start is not used.
    """
    if not 0.0 <= dropout < 1.0 or mixup < 0.0:
        raise ValueError(f"dropout must be in [0, 1) and mixup at least 0, not {dropout} and {mixup}")
    options: dict[str, Any] = {
        **{"hidden": hidden, "dropout": dropout, "mixup": mixup, "rate": rate, "decay": decay},
        **{"batch": batch, "epochs": epochs, "patience": patience, "members": members},
    }
    given = examples(features, targets, kind, weights)
    mean, spread = centre_and_spread(given)
    from active.learners.training import train

    trained = train(given.standardised(mean, spread), *held_out(len(given), seed), options, seed)
    inner = trained.inner / spread[:, None]
    rng = np.random.default_rng([seed, 1])
    kept = rng.random((members, hidden)) >= dropout
    return Network(
        kind=kind,
        n_features=given.features.shape[1],
        support=given.support,
        converged=trained.stopped,
        iterations=trained.epochs,
        loss=trained.loss,
        options=options,
        inner=inner,
        inner_bias=trained.inner_bias - mean @ inner,
        outer=trained.outer,
        outer_bias=trained.outer_bias,
        masks=(kept / np.float32(1.0 - dropout)).astype(np.float32),
    )


def centre_and_spread(given: Examples) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of each feature, (d,), 1 where it does not vary."""
    mean, spread = given.features.mean(axis=0), given.features.std(axis=0)
    return mean, np.where(spread > 1e-6, spread, 1.0).astype(np.float32)


def held_out(rows: int, seed: int) -> tuple[Any, Any]:
    """Numbers of the rows to train on, and of those that tell when to stop."""
    order = np.random.default_rng([seed, 0]).permutation(rows)
    if rows < ENOUGH_TO_VALIDATE:
        return order, order
    return order[rows // VALIDATE_ONE_OF :], order[: rows // VALIDATE_ONE_OF]
