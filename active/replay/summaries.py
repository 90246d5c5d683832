"""What several runs say together: mean curves, areas, labels to a target and what is saved, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from active.replay.comparing import Run
from active.replay.curves import Floats, Ints, area, labels_to

LEVEL = 0.95
# The target: this share of the accuracy with all labels.
SHARE = 0.95
RESAMPLES = 2_000


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds, its standard error, and an interval that holds the expected value with chance LEVEL."""

    mean: float
    error: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Outcome:
    """One strategy. Curves are aligned with `labels`; bounds are None where there is one seed."""

    strategy: str
    seeds: int
    labels: list[int]
    accuracy: list[Estimate]
    area: Estimate
    # Mean difference of the areas to the baseline's with the same seeds.
    gain: Estimate | None
    # By the mean curve; None where it never gets there.
    labels_to_target: float | None
    # How many of the seeds get there.
    reached: int
    # Share of the baseline's labels that it does without, at `compared_at`.
    saved: Estimate | None


@dataclass(frozen=True)
class Summary:
    """Every strategy, in the order of the runs."""

    outcomes: list[Outcome]
    baseline: str
    # Accuracy with all labels; the target, SHARE of it; and the accuracy at which labels are compared: the target, or what the
    # baseline ends with where it does not get there.
    full: float
    target: float
    compared_at: float | None


@dataclass(frozen=True, eq=False)
class Curves:
    """All runs of one strategy."""

    labels: Ints  # (points,)
    accuracy: Floats  # (seeds, points)

    @property
    def mean(self) -> Floats:
        return np.asarray(self.accuracy.mean(axis=0))

    @property
    def areas(self) -> Floats:
        return np.array([area(self.labels, row) for row in self.accuracy])


def summarise(runs: Sequence[Run], *, full: float, baseline: str = "random", seed: int = 0) -> Summary:
    """Put runs of the same seeds for every strategy together; `full` is the accuracy with all labels.

    ValueError when strategies have other seeds than each other. Intervals of means are Student's; those of what is saved
    come from resampled seeds.
    """
    together = gathered(runs)
    target, base = SHARE * full, together.get(baseline)
    compared_at = None if base is None else min(target, float(base.mean[-1]))
    outcomes = [outcome(name, curves, base, target, compared_at, seed) for name, curves in together.items()]
    return Summary(outcomes, baseline, full, target, compared_at)


def gathered(runs: Sequence[Run]) -> dict[str, Curves]:
    """Curves by strategy, in order of first appearance, their rows by ascending seed."""
    by_strategy: dict[str, dict[int, Run]] = {}
    for run in runs:
        by_strategy.setdefault(run.strategy, {})[run.seed] = run
    if len({frozenset(found) for found in by_strategy.values()}) > 1:
        raise ValueError("Strategies can only be compared on the same seeds")
    return {name: curves([found[seed] for seed in sorted(found)]) for name, found in by_strategy.items()}


def curves(runs: Sequence[Run]) -> Curves:
    return Curves(runs[0].curve.labels, np.stack([run.curve.accuracy for run in runs]))


def outcome(
    name: str, curves: Curves, base: Curves | None, target: float, compared_at: float | None, seed: int
) -> Outcome:
    reached = [labels_to(curves.labels, row, target) is not None for row in curves.accuracy]
    other = None if base is curves else base
    return Outcome(
        strategy=name,
        seeds=len(curves.accuracy),
        labels=curves.labels.tolist(),
        accuracy=[estimate(column) for column in curves.accuracy.T],
        area=estimate(curves.areas),
        gain=None if other is None else estimate(curves.areas - other.areas),
        labels_to_target=labels_to(curves.labels, curves.mean, target),
        reached=sum(reached),
        saved=None if other is None or compared_at is None else saved(curves, other, compared_at, seed),
    )


def estimate(values: NDArray[np.floating[Any]]) -> Estimate:
    mean, n = float(values.mean()), len(values)
    if n < 2:
        return Estimate(mean, None, None, None)
    error = float(values.std(ddof=1)) / n**0.5
    reach = float(student.ppf(0.5 + LEVEL / 2, n - 1)) * error
    return Estimate(mean, error, mean - reach, mean + reach)


def saved(curves: Curves, base: Curves, accuracy: float, seed: int) -> Estimate | None:
    """Share of the baseline's labels that are saved at this accuracy, by the mean curves; None where it is not reached.

    Seeds are drawn again with replacement, the same for both; draws in which one of them does not get there count as
    needing all labels of the budget.
    """
    needed, needs = (labels_to(one.labels, one.mean, accuracy) for one in (curves, base))
    if needed is None or not needs:
        return None
    n = len(curves.accuracy)
    if n < 2:
        return Estimate(1.0 - needed / needs, None, None, None)
    rng, draws = np.random.default_rng(seed), np.empty(RESAMPLES)
    for k in range(RESAMPLES):
        rows = rng.integers(n, size=n)
        ours, theirs = (labels_or_all(one, rows, accuracy) for one in (curves, base))
        draws[k] = 1.0 - ours / theirs
    low, high = np.quantile(draws, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return Estimate(1.0 - needed / needs, float(draws.std()), float(low), float(high))


def labels_or_all(curves: Curves, rows: Ints, accuracy: float) -> float:
    found = labels_to(curves.labels, np.asarray(curves.accuracy[rows].mean(axis=0)), accuracy)
    return float(curves.labels[-1]) if found is None else found
