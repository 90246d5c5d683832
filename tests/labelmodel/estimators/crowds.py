"""Simulated crowds, and strategies that draw small ones."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from labelmodel.estimators import Votes


def crowd(n_items=200, n_sources=20, n_labels=3, each=5, accuracy=0.8, seed=0):
    """Votes of independent sources of equal accuracy, and the truth (n_items,)."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_labels, size=n_items)
    item = np.repeat(np.arange(n_items), each)
    source = np.concatenate([rng.choice(n_sources, each, replace=False) for _ in range(n_items)])
    right = rng.random(len(item)) < accuracy
    label = np.where(right, truth[item], rng.integers(n_labels, size=len(item)))
    return Votes(item, source, label, n_items, n_sources, n_labels), truth


def votes_of(*triples, n_items=None, n_sources=None, n_labels=None):
    """Votes from (item, source, label) triples; the sizes are the smallest that fit, unless given."""
    columns = np.array(triples, dtype=np.int64).reshape(-1, 3).T
    least = [int(column.max(initial=-1)) + 1 for column in columns]
    sizes = [given or smallest for given, smallest in zip((n_items, n_sources, n_labels), least, strict=True)]
    return Votes(*columns, *sizes)


def shuffled(votes, seed=0):
    order = np.random.default_rng(seed).permutation(len(votes))
    return Votes(
        *(values[order] for values in (votes.item, votes.source, votes.label)),
        votes.n_items,
        votes.n_sources,
        votes.n_labels,
    )


def of_items(votes, items):
    """The votes of these items, the items numbered afresh."""
    kept = np.isin(votes.item, items)
    item = np.searchsorted(items, votes.item[kept])
    return Votes(item, votes.source[kept], votes.label[kept], len(items), votes.n_sources, votes.n_labels)


@st.composite
def small_crowds(draw):
    n_items, n_sources, n_labels = (draw(st.integers(1, most)) for most in (12, 6, 4))
    triple = st.tuples(*(st.integers(0, size - 1) for size in (n_items, n_sources, n_labels)))
    triples = draw(st.lists(triple, max_size=40))
    return votes_of(*triples, n_items=n_items, n_sources=n_sources, n_labels=n_labels)
