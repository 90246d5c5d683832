"""How sure a model would be after one more example, for every label that this may have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from active.acquisition.rows import Float32

# Numbers of one block of candidates by judged items by labels.
BLOCK = 1 << 19

Float64 = NDArray[np.float64]


def fall_of_entropy(judged: Float32, candidates: Float32, steps: Float64) -> Float64:
    """Mean entropy of the judged (u, k) now, less that expected after the label of each candidate (c, k); (c,) in nats.

    steps (u, c): a candidate of probabilities p whose label is y moves the scores of a judged item by its step times e_y - p.
    """
    now = np.log(np.maximum(judged, 1e-30)).astype(np.float64)
    at_once = max(1, BLOCK // max(judged.size, 1))
    expected = np.empty(len(candidates))
    for first in range(0, len(candidates), at_once):
        some = candidates[first : first + at_once].astype(np.float64)
        after = _entropies_after(now, some, steps[:, first : first + at_once].T)
        expected[first : first + at_once] = np.einsum("cuk,ck->c", after, some)
    return np.asarray(-(np.einsum("uk,uk->", judged, now) + expected) / max(len(judged), 1))


def _entropies_after(now: Float64, candidates: Float64, steps: Float64) -> Float64:
    """Entropy of each judged item after each candidate has each label, (c, u, k).

    What all labels have in common is computed once: label y then changes only the yth term of the sums.
    """
    scores = now - steps[:, :, None] * candidates[:, None, :]
    scores -= scores.max(axis=2, keepdims=True)
    raised = scores + steps[:, :, None]
    terms, raised_terms = np.exp(scores), np.exp(raised)
    total = terms.sum(axis=2, keepdims=True) - terms + raised_terms
    terms *= scores
    weighted = terms.sum(axis=2, keepdims=True) - terms + raised_terms * raised
    return np.asarray(np.log(total) - weighted / total)
