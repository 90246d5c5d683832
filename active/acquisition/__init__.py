"""Acquisition functions: a pool of unlabeled items in, the ones to ask next out. Arrays only.

Every acquisition function is a function acquire(pool, n, rng) -> Picks, listed in ACQUISITIONS.
"""

from active.acquisition import (
    adaptive,
    badge,
    bald,
    class_balanced,
    cluster_margin,
    cost_aware,
    density_weighted,
    entropy,
    expected_error_reduction,
    expected_gradient_length,
    k_center,
    kl_divergence,
    kmeans_plus_plus,
    least_confidence,
    margin,
    probcover,
    random,
    typiclust,
    vote_entropy,
)
from active.acquisition.pool import Acquire, Picks, Pool
from active.acquisition.value_of_judgment import value_of_judgment

ACQUISITIONS: dict[str, Acquire] = {
    "adaptive": adaptive.acquire,
    "random": random.acquire,
    "least_confidence": least_confidence.acquire,
    "margin": margin.acquire,
    "entropy": entropy.acquire,
    "bald": bald.acquire,
    "vote_entropy": vote_entropy.acquire,
    "kl_divergence": kl_divergence.acquire,
    "expected_gradient_length": expected_gradient_length.acquire,
    "expected_error_reduction": expected_error_reduction.acquire,
    "density_weighted": density_weighted.acquire,
    "k_center": k_center.acquire,
    "kmeans_plus_plus": kmeans_plus_plus.acquire,
    "badge": badge.acquire,
    "cluster_margin": cluster_margin.acquire,
    "typiclust": typiclust.acquire,
    "probcover": probcover.acquire,
    "class_balanced": class_balanced.acquire,
    "cost_aware": cost_aware.acquire,
}
DEFAULT = "adaptive"
# They need no model, and so choose from the first label on.
WITHOUT_MODEL = frozenset({"adaptive", "random", "k_center", "kmeans_plus_plus", "typiclust", "probcover"})
# They look at what a committee says.
COMMITTEES = frozenset({"bald", "vote_entropy", "kl_divergence"})
# They value each item by itself, whatever else is in the pool.
ROWWISE = COMMITTEES | {"least_confidence", "margin", "entropy", "expected_gradient_length"}

__all__ = [
    "ACQUISITIONS",
    "COMMITTEES",
    "DEFAULT",
    "ROWWISE",
    "WITHOUT_MODEL",
    "Acquire",
    "Picks",
    "Pool",
    "value_of_judgment",
]
