"""BADGE: items whose labels would change the model much, and each in a different way."""

from __future__ import annotations

import numpy as np

from active.acquisition.points import Gradients
from active.acquisition.pool import Picks, Pool
from active.acquisition.ranking import in_order, lack
from active.acquisition.seeding import seed


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Draw n items by k-means++ on the gradients that their likeliest labels would give (Ash, Zhang, Krishnamurthy, Langford & Agarwal 2020).

    The first is the one of the longest gradient, as in the authors' own code.
    """
    if pool.probabilities is None:
        raise lack("probabilities")
    if pool.embeddings is None:
        raise lack("embeddings")
    gradients = Gradients(pool.probabilities, pool.embeddings)
    return in_order(seed(gradients, n, rng, longest_first=True))
