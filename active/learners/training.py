"""Train the network of mlp.py with torch. Imported only where a network is fitted: torch takes seconds to load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from torch import Tensor
from torch.nn import functional

from active.learners.examples import Examples
from active.learners.types import FloatArray, IntArray

# How much lower a loss must be to count as a fall.
FALL = 1e-4


@dataclass(frozen=True, eq=False)
class Trained:
    """The layers at the epoch of the least loss."""

    inner: FloatArray
    inner_bias: FloatArray
    outer: FloatArray
    outer_bias: FloatArray
    loss: float
    epochs: int
    stopped: bool  # before the last epoch that was allowed


def train(
    given: Examples, learn: IntArray, judge: IntArray, options: Mapping[str, Any], seed: int
) -> Trained:
    """Learn from some rows until the loss of the judging ones falls no more. Global random state is left alone."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    draw = torch.Generator(device=device)
    draw.manual_seed(seed)
    data, threads = Batches(given, device), torch.get_num_threads()
    # On so small a network several threads mostly wait for each other.
    torch.set_num_threads(1)
    try:
        return trained(given, data, learn, judge, options, draw)
    finally:
        torch.set_num_threads(threads)


def trained(
    given: Examples,
    data: Batches,
    learn: IntArray,
    judge: IntArray,
    options: Mapping[str, Any],
    draw: torch.Generator,
) -> Trained:
    """The loop over epochs."""
    layers = beginning(given, options["hidden"], draw)
    optimizer = torch.optim.AdamW(layers, lr=options["rate"], weight_decay=options["decay"])
    best, least, waited, epochs = copied(layers), np.inf, 0, 0
    while epochs < options["epochs"] and waited < options["patience"]:
        for rows in shuffled(learn, options["batch"], draw):
            descend(layers, optimizer, given.kind, data.at(rows), options, draw)
        epochs, waited = epochs + 1, waited + 1
        if (loss := judged(given.kind, layers, data, judge)) < least - FALL:
            best, least, waited = copied(layers), loss, 0
    inner, inner_bias, outer, outer_bias = best
    return Trained(inner, inner_bias, outer, outer_bias, least, epochs, waited >= options["patience"])


def descend(
    layers: list[Tensor],
    optimizer: torch.optim.Optimizer,
    kind: str,
    rows: tuple[Tensor, Tensor, Tensor],
    options: Mapping[str, Any],
    draw: torch.Generator,
) -> None:
    """One step downhill on one batch."""
    features, targets, weights = mixed(*rows, options["mixup"], draw)
    loss = loss_of(kind, forward(layers, features, options["dropout"], draw), targets, weights)
    for layer, slope in zip(layers, torch.autograd.grad(loss, layers), strict=True):
        layer.grad = slope
    optimizer.step()


def copied(layers: list[Tensor]) -> list[FloatArray]:
    return [layer.detach().cpu().numpy().copy() for layer in layers]


class Batches:
    """Rows of the examples as tensors on the device; sparse targets become dense batch by batch."""

    def __init__(self, given: Examples, device: torch.device) -> None:
        self.features = torch.from_numpy(given.features).to(device)
        self.weights = torch.from_numpy(given.weights).to(device)
        self.sparse = given.targets if issparse(given.targets) else None
        self.dense = None if self.sparse is not None else torch.from_numpy(given.targets).to(device)
        self.device = device

    def at(self, rows: IntArray) -> tuple[Tensor, Tensor, Tensor]:
        if self.dense is None:
            assert self.sparse is not None, "one of the two"
            targets = torch.from_numpy(self.sparse[rows].toarray()).to(self.device)
        else:
            targets = self.dense[rows]
        return self.features[rows], targets, self.weights[rows]


def beginning(given: Examples, hidden: int, draw: torch.Generator) -> list[Tensor]:
    """Layers before training: He et al. (2015) inside, small outside, and the labels' shares."""
    device = draw.device
    n_features, n_columns = given.features.shape[1], given.targets.shape[1]
    inner = torch.randn(n_features, hidden, generator=draw, device=device) * (2.0 / max(n_features, 1)) ** 0.5
    outer = torch.randn(hidden, n_columns, generator=draw, device=device) * hidden**-0.5 * 0.5
    shares = torch.from_numpy(given.scores_of_shares()).to(device)
    layers = [inner, torch.zeros(hidden, device=device), outer, shares]
    return [one.requires_grad_() for one in layers]


def shuffled(rows: IntArray, batch: int, draw: torch.Generator) -> Iterator[IntArray]:
    order = torch.randperm(len(rows), generator=draw, device=draw.device).cpu().numpy()
    for first in range(0, len(rows), batch):
        yield rows[order[first : first + batch]]


def mixed(
    features: Tensor, targets: Tensor, weights: Tensor, alpha: float, draw: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Each row mixed with another one of the batch, by one share for all of it (Zhang et al. 2018)."""
    if alpha <= 0.0 or len(features) < 2:
        return features, targets, weights
    # A Beta draw from two Gamma ones; torch's own takes no generator.
    seed = int(torch.randint(2**31, (1,), generator=draw, device=draw.device))
    share = float(np.random.default_rng(seed).beta(alpha, alpha))
    other = torch.randperm(len(features), generator=draw, device=draw.device)
    return (
        share * features + (1.0 - share) * features[other],
        share * targets + (1.0 - share) * targets[other],
        share * weights + (1.0 - share) * weights[other],
    )


def forward(layers: list[Tensor], features: Tensor, dropout: float, draw: torch.Generator) -> Tensor:
    """Scores, with units dropped by the generator: torch's own dropout would draw from global state."""
    inner, inner_bias, outer, outer_bias = layers
    units = functional.relu(features @ inner + inner_bias)
    if dropout > 0.0:
        kept = torch.rand(units.shape, generator=draw, device=units.device) >= dropout
        units = units * kept / (1.0 - dropout)
    return units @ outer + outer_bias


def loss_of(kind: str, scores: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of the cross-entropy, as in losses.py."""
    if kind == "single":
        each = -(targets * functional.log_softmax(scores, dim=1)).sum(dim=1)
    else:
        each = functional.binary_cross_entropy_with_logits(scores, targets, reduction="none").sum(dim=1)
    return (each * weights).sum() / weights.sum()


@torch.no_grad()
def judged(kind: str, layers: list[Tensor], data: Batches, rows: IntArray) -> float:
    """Mean loss of these rows without dropout."""
    total, weight = 0.0, 0.0
    for first in range(0, len(rows), 4096):
        features, targets, weights = data.at(rows[first : first + 4096])
        inner, inner_bias, outer, outer_bias = layers
        scores = functional.relu(features @ inner + inner_bias) @ outer + outer_bias
        share = float(weights.sum())
        total += float(loss_of(kind, scores, targets, weights)) * share
        weight += share
    return total / weight
