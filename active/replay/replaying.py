"""One replay: label, train, test, choose, until the budget is spent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active.acquisition import Pool
from active.learners import Fit, Model, one_hot
from active.replay.annotators import Annotator, perfect
from active.replay.curves import Curve
from active.replay.examples import Examples
from active.replay.strategies import Strategy

Ints = NDArray[np.int64]
# What is random in a replay draws from streams of its own, so that all strategies of a seed meet the same start and the
# same answers.
START, ANSWERS, CHOICES = 0, 1, 2


def replay(
    examples: Examples,
    strategy: Strategy,
    learner: Fit,
    *,
    start: int = 20,
    batch: int = 50,
    budget: int = 1000,
    seed: int = 0,
    annotator: Annotator = perfect,
    explore: float = 0.0,
) -> Curve:
    """Ask `start` items at random, then batches that the strategy chooses, up to `budget` or all items.

    `explore` is the share of each batch that is drawn at random instead. The model is trained on the annotator's answers
    and tested on the right ones. Everything follows from the seed.
    """
    check(start, batch, budget, explore)
    answers = annotator(examples.labels, examples.n_labels, np.random.default_rng([seed, ANSWERS]))
    rng = np.random.default_rng([seed, CHOICES])
    asked = np.random.default_rng([seed, START]).permutation(len(examples))[: min(start, budget)]
    most, model = min(budget, len(examples)), None
    labels, accuracy = [], []
    while True:
        if len(asked):
            model = trained(examples, asked, answers, learner, seed, model)
            labels.append(len(asked))
            accuracy.append(tested(model, examples))
        if len(asked) >= most:
            return Curve(np.array(labels), np.array(accuracy), asked)
        state = State(examples, asked, answers, model)
        asked = np.concatenate([asked, state.choose(strategy, min(batch, most - len(asked)), explore, rng)])


def full_accuracy(examples: Examples, learner: Fit, *, seed: int = 0) -> float:
    """What the learner reaches with the right label of every item."""
    targets = one_hot(examples.labels, examples.n_labels)
    return tested(learner(examples.features, targets, seed=seed), examples)


def check(start: int, batch: int, budget: int, explore: float) -> None:
    if start < 0 or batch < 1 or budget < 1:
        raise ValueError(
            f"start must be at least 0, batch and budget at least 1, not {start}, {batch}, {budget}"
        )
    if not 0.0 <= explore <= 1.0:
        raise ValueError(f"explore must be in [0, 1], not {explore}")


@dataclass(frozen=True, eq=False)
class State:
    """What is known between two batches."""

    examples: Examples
    asked: Ints
    answers: Ints
    model: Model | None

    def choose(self, strategy: Strategy, n: int, explore: float, rng: np.random.Generator) -> Ints:
        """Rows to ask next, (n,), of those not asked yet."""
        free = np.ones(len(self.examples), dtype=bool)
        free[self.asked] = False
        rows, by_chance = np.flatnonzero(free), round(explore * n)
        if by_chance < n:
            acquire = strategy.first if self.model is None else strategy.acquire
            picked = rows[acquire(self.pool(rows, strategy), n - by_chance, rng).index]
        else:
            picked = rows[:0]
        rest = np.setdiff1d(rows, picked)
        return np.concatenate([picked, rng.permutation(rest)[:by_chance]])

    def pool(self, rows: Ints, strategy: Strategy) -> Pool:
        features = self.examples.features[rows]
        if self.model is None:
            return Pool(embeddings=features)
        committee = None
        if strategy.committee is not None:
            targets = one_hot(self.answers[self.asked], self.examples.n_labels)
            committee = strategy.committee(self.examples.features[self.asked], targets).committee(features)
        return Pool(
            probabilities=self.model.predict(features),
            embeddings=features,
            labeled=self.examples.features[self.asked],
            labels=self.answers[self.asked],
            committee=committee,
        )


def trained(
    examples: Examples, asked: Ints, answers: Ints, learner: Fit, seed: int, before: Model | None
) -> Model:
    targets = one_hot(answers[asked], examples.n_labels)
    return learner(examples.features[asked], targets, seed=seed, start=before)


def tested(model: Model, examples: Examples) -> float:
    return float((model.predict(examples.test_features).argmax(axis=1) == examples.test_labels).mean())
