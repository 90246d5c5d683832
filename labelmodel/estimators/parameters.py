"""What an estimator learned about sources and labels, in a form that can be stored and used again."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelmodel.estimators.limits import refuse_beyond_limit
from labelmodel.estimators.votes import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Parameters:
    """What was learned about sources and labels, as plain arrays; nothing about single items.

    `labels` are those that occurred; `prior` covers all. Sources are in one of two forms of `arrays`, with one row more than there are sources: the last is the pool, for sources that the fit did not see.

    full    `confusion` (n_sources + 1, n_columns true, n_columns given)
    honest  `honesty` (n_sources + 1,), the share of votes that know the truth, and `guess` (n_sources + 1, n_columns)
            or (1, n_columns), what the others say:
            chance of given under true = honesty * [given = true] + (1 - honesty) * guess[given]
    joint   `chance` (n_sources + 1, n_columns true, n_columns given) of a vote; it sums to less than 1 where the source may
            abstain. `silence` (n_columns,), where missing votes count: what an item without votes adds to log prior
    """

    method: str
    n_sources: int
    labels: IntArray  # (n_columns,)
    prior: FloatArray  # (n_labels,)
    arrays: Mapping[str, FloatArray]

    @property
    def n_labels(self) -> int:
        return len(self.prior)

    @property
    def without_votes(self) -> FloatArray:
        """Posterior of an item without votes, (n_labels,): the prior, unless sources that abstain say something."""
        if "silence" not in self.arrays or not len(self.labels):
            return self.prior
        here = self.prior[self.labels]
        posterior, total = self.prior.copy(), here.sum()
        weighed = here * np.exp(self.arrays["silence"] - self.arrays["silence"].max())
        posterior[self.labels] = weighed * (total / weighed.sum() if weighed.sum() > 0 else 0.0)
        return posterior

    def rows(self, source: IntArray) -> IntArray:
        """Rows of the arrays per source; the pool's for sources that the fit did not see."""
        return np.minimum(source, self.n_sources)

    def confusion(self, source: IntArray) -> FloatArray:
        """Chance of each given label by true label, (len(source), n_labels, n_labels).

        A true label that never occurred has even chances. ValueError beyond MOST_PARAMETERS numbers.
        """
        refuse_beyond_limit("The confusion", len(source), self.n_labels, self.n_labels)
        rows, labels = self.rows(source), self.labels
        full = np.zeros((len(rows), self.n_labels, self.n_labels))
        full[:, np.setdiff1d(np.arange(self.n_labels), labels)] = 1.0 / self.n_labels
        full[:, labels[:, None], labels] = compact_confusion(self.arrays, rows)
        return full


def compact_confusion(arrays: Mapping[str, FloatArray], rows: IntArray) -> FloatArray:
    """Chance of each given column by true column, (len(rows), n_columns, n_columns)."""
    if "confusion" in arrays:
        return np.asarray(arrays["confusion"][rows], dtype=float)
    if "chance" in arrays:
        chance = np.asarray(arrays["chance"][rows], dtype=float)
        return np.asarray(chance / chance.sum(axis=-1, keepdims=True))
    guess = arrays["guess"][np.minimum(rows, len(arrays["guess"]) - 1), None, :]
    honesty = arrays["honesty"][rows, None, None]
    return np.asarray(honesty * np.eye(guess.shape[-1]) + (1.0 - honesty) * guess)


def to_bytes(parameters: Parameters) -> bytes:
    """Parameters as a compressed NumPy archive (.npz) without pickles."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {
        "method": np.array(parameters.method),
        "n_sources": np.array(parameters.n_sources),
        "labels": parameters.labels,
        "prior": parameters.prior,
        **parameters.arrays,
    }
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def from_bytes(stored: bytes) -> Parameters:
    """What to_bytes stored."""
    with np.load(io.BytesIO(stored), allow_pickle=False) as archive:
        arrays = dict(archive.items())
    method, n_sources, labels, prior = (arrays.pop(n) for n in ("method", "n_sources", "labels", "prior"))
    return Parameters(str(method), int(n_sources), labels, prior, arrays)
