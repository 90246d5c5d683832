"""Made pools, with everything that an acquisition function may ask for."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from active.acquisition import Pool

ARRAYS = [field.name for field in fields(Pool)]


def chances(rng, *shape, sharpness=2.0):
    """Distributions along the last axis, float32."""
    raw = rng.random(shape, dtype=np.float32) ** sharpness + 1e-6
    return raw / raw.sum(axis=-1, keepdims=True)


def pool_of(n=60, k=3, d=8, m=12, c=4, seed=0, dtype=np.float32):
    """Unrelated random numbers in every array."""
    rng = np.random.default_rng(seed)
    return Pool(
        probabilities=chances(rng, n, k).astype(dtype),
        embeddings=rng.standard_normal((n, d)).astype(dtype),
        labeled=rng.standard_normal((m, d)).astype(dtype),
        labels=rng.integers(k, size=m),
        committee=chances(rng, c, n, k).astype(dtype),
        cost=(1.0 + rng.random(n)).astype(dtype),
    )


def at(pool, rows):
    """The pool of these rows, in this order."""
    return replace(
        pool,
        probabilities=pool.probabilities[rows],
        embeddings=pool.embeddings[rows],
        committee=pool.committee[:, rows],
        cost=pool.cost[rows],
    )


def two_places(seed=0):
    """40 items where everything is known and certain, then 60 close together where nothing is and every member says something else."""
    rng = np.random.default_rng(seed)
    known, unknown = np.array([6.0, 0.0, 0.0, 0.0]), np.array([0.0, 6.0, 0.0, 0.0])
    place = np.repeat([known, unknown], [40, 60], axis=0)
    sure = np.repeat([0.99, 0.45], [40, 60]) + rng.uniform(-0.005, 0.005, 100)
    said = np.clip(sure + np.array([-0.4, 0.0, 0.4])[:, None] * (np.arange(100) >= 40), 0.01, 0.99)
    return Pool(
        probabilities=np.stack([sure, 1.0 - sure], axis=1),
        embeddings=place + rng.normal(0.0, 0.3, (100, 4)),
        labeled=known + rng.normal(0.0, 0.3, (10, 4)),
        labels=np.zeros(10, dtype=np.int64),
        committee=np.stack([said, 1.0 - said], axis=2),
        cost=np.ones(100),
    )
