"""First and second moments of votes: what models that need no posterior are solved from."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from labelmodel.estimators import full
from labelmodel.estimators.steps import TINY, class_prior, vote_shares
from labelmodel.estimators.votes import Evidence, FloatArray

# Items that the vote shares count for beside the known items, when the balance of labels is estimated.
ITEMS_AHEAD = 20.0


def together(evidence: Evidence) -> csr_array:
    """Items on which two events happen together, (n_events, n_events); an event is a vote of a source for a column."""
    events = evidence.n_sources * len(evidence.labels)
    counts = csr_array((events, events))
    for _, block in evidence.blocks:
        counts = counts + block.T @ block
    return csr_array(counts)


def balance_of(evidence: Evidence) -> FloatArray:
    """Share of each column: that of the votes, moved by the known items."""
    plain = class_prior(vote_shares(evidence).sum(axis=0), 1.0)
    known = np.bincount(evidence.known[1], minlength=len(evidence.labels))
    return np.asarray((known + ITEMS_AHEAD * plain) / (known.sum() + ITEMS_AHEAD)) if known.sum() else plain


def chance_by_shares(evidence: Evidence, balance: FloatArray) -> FloatArray:
    """Chance of each vote under each truth if items were what the votes on them say, (n_sources, true, given)."""
    counts = full.expected_votes(evidence, vote_shares(evidence))
    items = balance * max(evidence.n_items, 1)
    return np.asarray(np.minimum(counts / np.maximum(items, TINY)[None, :, None], 1.0))
