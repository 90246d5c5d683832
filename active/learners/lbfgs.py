"""Minimise a smooth convex function by L-BFGS (Liu & Nocedal 1989), in the precision of the start."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from active.learners.types import FloatArray

# evaluate(x) -> value and gradient; precondition(g) -> about the inverse Hessian times g.
Evaluate = Callable[[FloatArray], tuple[float, FloatArray]]
Precondition = Callable[[FloatArray], FloatArray]

# Share of the decrease that the slope promises which a step must bring (Armijo 1966).
SUFFICIENT = 1e-4
# Share of the value below which differences are rounding, and the slope is asked instead (Hager & Zhang 2005).
ROUNDING = 1e-6
# Of the slope, the most that may be left, uphill, where the value cannot tell; and as a share of the value, the least
# that a slope must promise to be more than rounding.
FLATTENED, LOST = 0.5, 1e-5
SHORTEST_STEP = 1e-6
MEMORY = 10
# Beyond so many numbers in x, fewer pairs are remembered: each costs twice as many.
LARGE, MEMORY_IF_LARGE = 2_000_000, 4


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where the descent ended."""

    x: FloatArray
    trace: list[float]  # value at the start and after each iteration; never rises
    converged: bool

    @property
    def iterations(self) -> int:
        return len(self.trace) - 1


def minimise(
    evaluate: Evaluate, start: FloatArray, precondition: Precondition, *, iterations: int, tolerance: float
) -> Minimum:
    """Descend until no entry of the gradient exceeds the tolerance, or until float32 shows no descent any more."""
    x, (value, gradient) = start, evaluate(start)
    trace, curvature = [value], Curvature(x.size, precondition)
    while (
        not (converged := float(np.abs(gradient).max(initial=0.0)) <= tolerance) and len(trace) <= iterations
    ):
        direction = curvature.direction(gradient)
        found = step(evaluate, x, value, gradient, direction)
        if found is None:
            # Where the slope promises less than rounding, it is as near to the minimum as this precision tells.
            converged = abs(dot(gradient, direction)) <= LOST * abs(value)
            break
        new, value, new_gradient = found
        curvature.learn(new - x, new_gradient - gradient)
        x, gradient = new, new_gradient
        trace.append(value)
    return Minimum(x, trace, converged)


def step(
    evaluate: Evaluate, x: FloatArray, value: float, gradient: FloatArray, direction: FloatArray
) -> tuple[FloatArray, float, FloatArray] | None:
    """The first point along the direction that is low enough, trying the full step first; None when there is none."""
    slope, length = dot(gradient, direction), 1.0
    while slope < 0.0 and length > SHORTEST_STEP:
        new = x + np.float32(length) * direction
        reached, new_gradient = evaluate(new)
        enough = value + SUFFICIENT * length * slope
        # Within rounding of the value: far enough down when less than the way back is left of the slope.
        flat = reached <= value + ROUNDING * abs(value) and dot(new_gradient, direction) <= -FLATTENED * slope
        if reached <= enough or flat:
            return new, reached, new_gradient
        # The lowest point of the parabola through what is known, within bounds.
        bend = reached - value - length * slope
        best = -slope * length**2 / (2.0 * bend) if np.isfinite(bend) and bend > 0.0 else 0.0
        length = min(max(best, 0.1 * length), 0.5 * length)
    return None


class Curvature:
    """The last steps and what they did to the gradient: an estimate of the inverse Hessian."""

    def __init__(self, size: int, precondition: Precondition) -> None:
        most = MEMORY if size <= LARGE else MEMORY_IF_LARGE
        self.pairs: deque[tuple[FloatArray, FloatArray, float]] = deque(maxlen=most)
        self.precondition = precondition
        self.scale = 1.0

    def learn(self, moved: FloatArray, turned: FloatArray) -> None:
        product = dot(moved, turned)
        if product <= 1e-10 * dot(turned, turned):
            return
        self.pairs.append((moved, turned, 1.0 / product))
        self.scale = product / dot(turned, self.precondition(turned))

    def direction(self, gradient: FloatArray) -> FloatArray:
        """Downhill by the two loops of Nocedal (1980)."""
        result, shares = gradient.copy(), []
        for moved, turned, inverse in reversed(self.pairs):
            share = inverse * dot(moved, result)
            shares.append(share)
            result -= np.float32(share) * turned
        result = np.float32(self.scale) * self.precondition(result)
        for (moved, turned, inverse), share in zip(self.pairs, reversed(shares), strict=True):
            result += np.float32(share - inverse * dot(turned, result)) * moved
        return -result


def dot(one: FloatArray, other: FloatArray) -> float:
    return float(np.vdot(one, other))
