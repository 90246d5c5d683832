"""Which labels occur in the targets, and what the others get."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from active.learners.types import FloatArray, IntArray, Kind

# Rows that a label must amount to, to be learned; or this share of all, where these amount to less than one.
OCCURS = 1e-4


@dataclass(frozen=True, eq=False)
class Support:
    """Labels that are learned, and constants for the rest; docs/methods/learners.md says why these."""

    labels: IntArray  # (u,) ascending
    others: FloatArray  # (k,) probability of labels that are not learned; 0 for those that are
    share: float  # what is left for the learned ones, in (0, 1]

    @property
    def n_labels(self) -> int:
        return len(self.others)

    def spread(self, learned: FloatArray) -> FloatArray:
        """Probabilities of all labels, (..., k), from those of the learned ones, (..., u)."""
        if len(self.labels) == self.n_labels:
            return learned
        full = np.empty((*learned.shape[:-1], self.n_labels), dtype=np.float32)
        full[...] = self.others
        full[..., self.labels] = np.float32(self.share) * learned
        return full


def support(kind: Kind, amount: FloatArray, rows: float) -> Support:
    """What occurs, by the weighted sum of each label's targets, (k,), over so many weighted rows."""
    return of_set(amount, rows) if kind == "set" else of_one(amount, rows)


def of_one(amount: FloatArray, rows: float) -> Support:
    """Labels that did not occur share the chance that the next item has a new one (Witten & Bell 1991)."""
    occurs = amount >= OCCURS * min(rows, 1.0)
    n_labels, labels, others = len(amount), np.flatnonzero(occurs), np.zeros(len(amount))
    missing = n_labels - len(labels)
    if not missing:
        return Support(labels, others, 1.0)
    seen = float(np.minimum(amount, 1.0).sum())
    # None of them likelier than if nothing were known at all.
    chance = min(seen / (rows + seen), missing / n_labels)
    others[~occurs] = chance / missing
    return Support(labels, others, 1.0 - chance)


def of_set(amount: FloatArray, rows: float) -> Support:
    """A label that was right never, or always, gets its share with half an answer of each kind added (Krichevsky & Trofimov 1981)."""
    least = OCCURS * min(rows, 1.0)
    varies = (amount >= least) & (rows - amount >= least)
    return Support(np.flatnonzero(varies), np.where(varies, 0.0, (amount + 0.5) / (rows + 1.0)), 1.0)
