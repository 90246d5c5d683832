"""k-means++: items far from each other and from what is labeled, at random."""

from __future__ import annotations

import numpy as np

from active.acquisition.points import Held, Vectors
from active.acquisition.pool import Picks, Pool
from active.acquisition.ranking import in_order, lack
from active.acquisition.seeding import seed
from active.acquisition.vectors import as_float32


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Draw n items one after the other, each ∝ squared distance to the nearest labeled or drawn one (Arthur & Vassilvitskii 2007)."""
    if pool.embeddings is None:
        raise lack("embeddings")
    centres = None if pool.labeled is None else Held(as_float32(pool.labeled))
    return in_order(seed(Vectors(pool.embeddings), n, rng, centres=centres))
