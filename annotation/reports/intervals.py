"""Confidence intervals for shares, without numerical libraries."""

from __future__ import annotations

from math import sqrt

Z_95 = 1.959964


def wilson(right: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); (0, 1) for nothing."""
    if not n:
        return 0.0, 1.0
    share = right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (
        0.0 if right == 0 else max(0.0, middle - half),
        1.0 if right == n else min(1.0, middle + half),
    )
