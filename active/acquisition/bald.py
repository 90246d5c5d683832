"""BALD: how much an item's label would tell about the model, as far as the members of a committee stand for its doubts."""

from __future__ import annotations

import numpy as np

from active.acquisition.committees import by_item
from active.acquisition.entropy import entropy_of
from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take the n items of most mutual information of label and model, by the committee (Houlsby et al. 2011); nothing is random."""
    if pool.committee is None:
        raise lack("committee")
    return top_n(information(pool.committee), n)


def information(committee: FloatArray) -> Float32:
    """Entropy of the members' mean less the mean of their entropies, in nats, (n,) in [0, log k]."""
    return by_item(committee, _information)


def _information(said: Float32) -> Float32:
    inside = entropy_of(said).mean(axis=0)
    return np.asarray(np.maximum(entropy_of(said.mean(axis=0)) - inside, np.float32(0.0)))
