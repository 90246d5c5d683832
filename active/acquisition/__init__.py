"""Acquisition functions: a pool of unlabeled items in, the ones to ask next out. Arrays only.

Every acquisition function is a function acquire(pool, n, rng) -> Picks, listed in ACQUISITIONS.
"""

from active.acquisition import (
    margin,
    random,
)
from active.acquisition.pool import Acquire, Picks, Pool

ACQUISITIONS: dict[str, Acquire] = {
    "random": random.acquire,
    "margin": margin.acquire,
}
DEFAULT = "adaptive"

__all__ = [
    "ACQUISITIONS",
    "DEFAULT",
    "Acquire",
    "Picks",
    "Pool",
]
