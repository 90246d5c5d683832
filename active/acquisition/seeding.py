"""k-means++ seeding by rejection sampling: the distribution of the full algorithm without a pass over all points per draw.

A point is to be drawn with chance ∝ w·D², where D is the distance to the nearest centre so far. D only ever shrinks, so what was once known
of it is an upper bound. Points are proposed with chance ∝ w·bound and kept with chance D² / bound, which needs D for the proposed ones
only. Arthur & Vassilvitskii (2007); rejection as in Cohen-Addad, Lattanzi, Norouzi-Fard, Sohler & Svensson (2020).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from active.acquisition.points import Held, Points
from active.acquisition.rows import Float32

# Proposals at a time: the first, and as many as it may become while nothing is kept.
FIRST, MOST = 256, 8_192
# Proposals whose distances to each other are computed at a time.
HOPEFUL = 512
# A distance of a proposal, read from anywhere, costs as much as this many in a pass.
SCATTERED = 4
# Bounds are computed anew when a centre comes this much nearer to the origin than all others.
MUCH_SHORTER = 0.7


def seed(
    points: Points,
    n: int,
    rng: np.random.Generator,
    *,
    centres: Held | None = None,
    weights: Float32 | None = None,
    longest_first: bool = False,
) -> NDArray[np.int64]:
    """Draw n points (all where there are fewer) by D² sampling, in the order of the draws.

    centres are there from the start. Without them the first point is drawn by weights alone, or is the longest. Once every
    point lies on a centre, the rest are drawn evenly. Costs at most about twice as much as n passes.
    """
    n = max(0, min(n, len(points)))
    if n == 0:
        return np.empty(0, dtype=np.int64)
    lengths = _lengths(points)
    chosen = []
    if centres is None or not len(centres):
        chosen = [int(lengths.argmax()) if longest_first else _first(len(points), rng, weights)]
        centres = points.at(np.array(chosen))
    drawing = _Drawing(points, lengths, weights, rng, centres, chosen)
    while len(chosen) < n and drawing.goes_on():
        drawing.propose(n)
    return np.array(chosen + _rest(len(points), chosen, n - len(chosen), rng), dtype=np.int64)


def _lengths(points: Points) -> Float32:
    lengths = np.empty(len(points), dtype=np.float32)
    for rows, held in points.blocks():
        np.sqrt(held.squared_lengths, out=lengths[rows])
    return lengths


def _first(points: int, rng: np.random.Generator, weights: Float32 | None) -> int:
    if weights is None or not weights.any():
        return int(rng.integers(points))
    return int(_draw(np.cumsum(weights, dtype=np.float64), 1, rng)[0])


def _draw(summed: NDArray[np.float64], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Places with chances that add up like this; never one whose chance is 0."""
    places = np.searchsorted(summed, rng.random(size) * summed[-1], side="right")
    return np.asarray(np.minimum(places, np.searchsorted(summed, summed[-1])))


def _rest(points: int, chosen: list[int], n: int, rng: np.random.Generator) -> list[int]:
    if n <= 0:
        return []
    left = np.setdiff1d(np.arange(points), chosen)
    return [int(each) for each in rng.permutation(left)[:n]]


@dataclass
class _Drawing:
    points: Points
    lengths: Float32
    weights: Float32 | None
    rng: np.random.Generator
    centres: Held
    chosen: list[int]
    size: int = field(init=False)
    # Centres whose distances are in the bounds, and distances computed for proposals since then.
    passed: int = 0
    spent: int = 0
    shortest: float = np.inf
    bound: Float32 = field(init=False)
    summed: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.size = FIRST
        self.bound = np.full(len(self.points), np.inf, dtype=np.float32)
        self.bound_by_length()

    def bound_by_length(self) -> None:
        """By way of the origin no point is farther from a centre than the lengths of both: needs no pass."""
        self.shortest = float(np.sqrt(self.centres.squared_lengths.min()))
        np.minimum(self.bound, np.square(self.lengths + np.float32(self.shortest)), out=self.bound)
        self.add_up()

    def bound_by_pass(self) -> None:
        """The distances themselves, which costs a pass per centre that is new."""
        for first in range(self.passed, len(self.centres), MOST):
            new = self.centres.at(np.arange(first, min(first + MOST, len(self.centres))))
            for rows, held in self.points.blocks():
                np.minimum(self.bound[rows], held.squared_distances(new).min(axis=1), out=self.bound[rows])
        self.passed, self.spent, self.size = len(self.centres), 0, FIRST
        self.add_up()

    def add_up(self) -> None:
        self.bound[self.chosen] = 0.0
        weighted = self.bound if self.weights is None else self.bound * self.weights
        self.summed = np.cumsum(weighted, dtype=np.float64)

    def goes_on(self) -> bool:
        """Whether a point is left that lies on no centre. Passes when proposals have cost more than a pass would."""
        if self.spent * SCATTERED > len(self.points) * max(len(self.centres) - self.passed, 1):
            if self.passed == len(self.centres):
                return False
            self.bound_by_pass()
        return bool(self.summed[-1] > 0.0)

    def propose(self, n: int) -> None:
        """Keep some of the next proposals, each by its distance to all centres before it, until n points are chosen."""
        index = _draw(self.summed, self.size, self.rng)
        held = self.points.at(index)
        squared = held.squared_distances(self.centres).min(axis=1)
        lots = self.rng.random(self.size, dtype=np.float32) * self.bound[index]
        self.spent += self.size * len(self.centres)
        kept = _kept(held, lots, squared, n - len(self.chosen))
        if not kept:
            self.size = min(2 * self.size, MOST)
            return
        self.chosen.extend(int(each) for each in index[kept])
        self.centres = self.centres.and_also(held.at(np.array(kept)))
        if np.sqrt(self.centres.squared_lengths.min()) < MUCH_SHORTER * self.shortest:
            self.bound_by_length()


def _kept(held: Held, lots: Float32, squared: Float32, most: int) -> list[int]:
    """Places of the proposals whose squared distance is above their lot, each a centre for those after it."""
    # A distance that is too short will not grow: only these can be kept. Those that are too many are as if never proposed.
    hopeful = np.flatnonzero(lots < squared)[:HOPEFUL]
    lots, squared = lots[hopeful], squared[hopeful]
    some = held.at(hopeful)
    apart = some.squared_distances(some)
    kept: list[int] = []
    for place in range(len(hopeful)):
        if len(kept) < most and lots[place] < squared[place]:
            kept.append(int(hopeful[place]))
            np.minimum(squared, apart[place], out=squared)
    return kept
