"""Vote entropy: how evenly the members of a committee are split between labels."""

from __future__ import annotations

import numpy as np

from active.acquisition.committees import by_item
from active.acquisition.kl_divergence import divergence
from active.acquisition.pool import FloatArray, Picks, Pool
from active.acquisition.ranking import lack, top_n
from active.acquisition.rows import Float32


def acquire(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Take the n items whose committee members vote most differently (Engelson & Dagan 1996); nothing is random.

    A committee of five can be split in seven ways only, so that most items tie: those whose members diverge more go first.
    """
    if pool.committee is None:
        raise lack("committee")
    return top_n(split(pool.committee), n, then=divergence(pool.committee))


def split(committee: FloatArray) -> Float32:
    """Entropy of the members' likeliest labels in nats, (n,) in [0, log of the number of members]."""
    return by_item(committee, _split)


def _split(said: Float32) -> Float32:
    votes = said.argmax(axis=2)
    alike = np.array([(votes == vote).mean(axis=0) for vote in votes], dtype=np.float32)
    # Each label's share is counted once by each member who votes for it: no need to go through the labels.
    return np.asarray(-np.log(alike).mean(axis=0))
