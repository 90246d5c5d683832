"""What an estimator returns, and how a posterior of rows and columns becomes one of all items and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.votes import Evidence, FloatArray


@dataclass(frozen=True, eq=False)
class Fit:
    """The consensus of every item, and what was learned about the sources."""

    posterior: FloatArray  # (n_items, n_labels), rows sum to 1
    parameters: Parameters
    objective: FloatArray  # (iterations,) log posterior density of the parameters; never falls
    converged: bool

    @property
    def prior(self) -> FloatArray:
        """Share of each label, (n_labels,)."""
        return self.parameters.prior

    @property
    def confusion(self) -> FloatArray:
        """Chance of each given label, (n_sources, n_labels true, n_labels given); as Parameters.confusion."""
        return self.parameters.confusion(np.arange(self.parameters.n_sources))


Judge = Callable[[Parameters, Evidence], FloatArray]


def finish(
    method: str,
    evidence: Evidence,
    arrays: Mapping[str, FloatArray],
    shares: FloatArray,
    prior: FloatArray | None,
    objective: FloatArray,
    converged: bool,
    judge: Judge,
) -> Fit:
    """Put a Fit together: store the parameters, and judge the items by exactly what is stored.

    shares are those of the columns; prior is the caller's, which goes first.
    """
    given = checked_prior(prior, evidence.n_labels)
    full = full_prior(evidence, shares) if given is None else given
    parameters = Parameters(method, evidence.n_sources, evidence.labels, full, arrays)
    posterior = over_all_labels(evidence, parameters.without_votes, judge(parameters, evidence))
    return Fit(posterior, parameters, objective, converged)


def closed_form(
    method: str,
    evidence: Evidence,
    arrays: Mapping[str, FloatArray],
    shares: FloatArray,
    prior: FloatArray | None,
    judge: Judge,
) -> Fit:
    """A Fit of what was solved at once: nothing was repeated, so there is no objective to climb."""
    return finish(method, evidence, arrays, shares, prior, np.zeros(1), True, judge)


def over_all_labels(evidence: Evidence, without_votes: FloatArray, posterior: FloatArray) -> FloatArray:
    """A posterior of rows and columns as one of all items and labels; without_votes is for items without evidence."""
    if evidence.shape == (evidence.n_items, evidence.n_labels):
        return posterior
    full = np.tile(without_votes, (evidence.n_items, 1))
    full[evidence.items] = 0.0
    full[np.ix_(evidence.items, evidence.labels)] = posterior
    return full


def checked_prior(prior: FloatArray | None, n_labels: int) -> FloatArray | None:
    """The caller's prior as shares, (n_labels,). ValueError when it is not one."""
    if prior is None:
        return None
    array = np.asarray(prior, dtype=float)
    if array.shape != (n_labels,) or not np.isfinite(array).all() or array.min() < 0 or array.sum() <= 0:
        raise ValueError(f"prior must be {n_labels} finite numbers of at least 0, not all of them 0")
    return np.asarray(array / array.sum())


def full_prior(evidence: Evidence, shares: FloatArray) -> FloatArray:
    """Shares of the columns as shares of all labels; even shares when nothing occurred."""
    if not len(evidence.labels):
        return np.full(evidence.n_labels, 1.0 / evidence.n_labels)
    prior = np.zeros(evidence.n_labels)
    prior[evidence.labels] = shares
    return prior


def known_prior(prior: FloatArray | None, evidence: Evidence) -> FloatArray | None:
    """The caller's prior as shares of the columns, (n_columns,), or None to estimate it."""
    given = checked_prior(prior, evidence.n_labels)
    return None if given is None else given[evidence.labels]
