"""Gradient-boosted trees by XGBoost (Chen & Guestrin 2016), for tables: soft, weighted targets of every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from active.learners.examples import Examples, examples
from active.learners.heads import link
from active.learners.losses import cross_entropy, part
from active.learners.model import Model
from active.learners.types import FloatArray, IntArray, Kind, Targets

# Below so many numbers in the features a second thread costs more than it saves.
WORTH_THREADS = 4_000_000
LEAST_HESSIAN = 1e-6


@dataclass(frozen=True, eq=False)
class Trees(Model):
    """Scores that are sums of trees."""

    trees: IntArray  # (bytes,) uint8, in XGBoost's binary JSON; empty when there was nothing to learn
    bias: FloatArray  # (c,) scores before the first tree

    learner: ClassVar[str] = "boosting"

    @cached_property
    def booster(self) -> Any:
        import xgboost

        # Workers are processes: one thread each.
        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(self.trees.tobytes()))
        return booster

    def learned(self, block: FloatArray) -> FloatArray:
        scores = np.tile(self.bias, (len(block), 1))
        if self.trees.size:
            grown = self.booster.inplace_predict(block, predict_type="margin")
            scores += np.reshape(grown, scores.shape)
        return link(self.kind, scores)

    def arrays(self) -> Mapping[str, Any]:
        return {"trees": self.trees, "bias": self.bias}


def fit(
    features: FloatArray,
    targets: Targets,
    *,
    kind: Kind = "single",
    weights: FloatArray | None = None,
    seed: int = 0,
    start: Model | None = None,
    rounds: int = 100,
    depth: int = 4,
    rate: float = 0.1,
    penalty: float = 1.0,
) -> Trees:
    """Grow one tree per column in each round, from the shares of the labels. Nothing is random; start is not used."""
    given = examples(features, targets, kind, weights)
    options: dict[str, Any] = {"rounds": rounds, "depth": depth, "rate": rate, "penalty": penalty}
    bias = given.scores_of_shares()
    trees, loss = grown(given, bias, options, seed)
    return Trees(
        kind=kind,
        n_features=given.features.shape[1],
        support=given.support,
        converged=True,
        iterations=rounds,
        loss=loss,
        options=options,
        trees=trees,
        bias=bias,
    )


def grown(given: Examples, bias: FloatArray, options: Mapping[str, Any], seed: int) -> tuple[IntArray, float]:
    """The trees as bytes, and the mean loss with them."""
    step = gradient(given, bias)
    nothing = np.zeros((len(given), len(bias)), dtype=np.float32)
    if len(bias) < (2 if given.kind == "single" else 1):
        return np.empty(0, dtype=np.uint8), step(nothing)[0]
    import xgboost

    settings = {
        "tree_method": "hist",
        "max_depth": options["depth"],
        "eta": options["rate"],
        "lambda": options["penalty"],
        # A row that is all but settled still counts: with many labels every Hessian is small.
        "min_child_weight": 0.05,
        "base_score": 0.0,
        "disable_default_eval_metric": True,
        "nthread": 1 if given.features.size < WORTH_THREADS else 0,
        "seed": seed,
    }
    # The shape of the label alone says how many columns there are.
    data = xgboost.DMatrix(given.features, label=nothing, nthread=settings["nthread"])
    booster = xgboost.train(
        settings, data, num_boost_round=options["rounds"], obj=lambda scores, _: step(scores)[1:]
    )
    loss = step(booster.predict(data, output_margin=True))[0]
    return np.frombuffer(booster.save_raw("ubj"), dtype=np.uint8), loss


def gradient(
    given: Examples, bias: FloatArray
) -> Callable[[FloatArray], tuple[float, FloatArray, FloatArray]]:
    """From the trees' scores (n, c) to the mean loss, and its gradient and curvature for each row and column."""
    targets = part(given.targets, given.weights, slice(None))
    weights, total = given.weights[:, None], float(given.weights.sum())
    factor = 2.0 if given.kind == "single" else 1.0

    def step(scores: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        scores = np.reshape(scores, (len(given), len(bias))) + bias
        expected = link("set" if given.kind == "ordinal" else given.kind, scores.copy())
        value, residual = cross_entropy(given.kind, scores, targets)
        curvature = np.maximum(factor * weights * expected * (1.0 - expected), LEAST_HESSIAN)
        return value / total, residual, curvature

    return step
