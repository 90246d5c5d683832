"""Class balance: uncertain items, shared out over the labels that they seem to have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from active.acquisition.margin import closeness
from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32, blocks


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take the n items of smallest margin, discounted by how many have their likeliest label already (after Bengar et al. 2022).

    Needs probabilities; labels where there are some. Nothing is random.
    """
    if pool.probabilities is None:
        raise lack("probabilities")
    score, likeliest = closeness(pool.probabilities), likeliest_label(pool.probabilities)
    known = np.empty(0, dtype=np.int64) if pool.labels is None else pool.labels
    labeled = np.bincount(known, minlength=pool.probabilities.shape[1])
    return top_n(score / (1.0 + labeled[likeliest] + rank_within(likeliest, score)), n)


def likeliest_label(probabilities: FloatArray) -> NDArray[np.int64]:
    """Number of each row's likeliest label, (n,)."""
    likeliest = np.empty(len(probabilities), dtype=np.int64)
    for rows in blocks(*probabilities.shape):
        likeliest[rows] = probabilities[rows].argmax(axis=1)
    return likeliest


def rank_within(group: NDArray[np.int64], score: Float32) -> NDArray[np.int64]:
    """Place of each row, from 0, among those of its group by falling score, (n,)."""
    order = np.lexsort((-score, group))
    ordered = group[order]
    starts = np.searchsorted(ordered, ordered)
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - starts
    return rank
