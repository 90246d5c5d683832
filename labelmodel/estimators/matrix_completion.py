"""Matrix completion: sources whose accuracies explain how often two of them go together (Ratner et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array

from labelmodel.estimators import joint
from labelmodel.estimators.fits import Fit, finish, known_prior
from labelmodel.estimators.moments import balance_of, chance_by_shares, together
from labelmodel.estimators.votes import Evidence, FloatArray, Gold, Votes, arrange

# How strongly a chance is held to where it starts, in items: settles what the moments leave open.
HOLD = 5.0


def fit(
    votes: Votes,
    *,
    prior: FloatArray | None = None,
    gold: Gold | None = None,
    seed: int = 0,
    iterations: int = 200,
    tolerance: float = 1e-6,
) -> Fit:
    """Fit the chances of votes to the second moments by L-BFGS, from what vote shares say.

    gold is a pair of aligned arrays (item, label). The prior is the one given, else gold's and the vote shares'.
    Nothing is random. objective is minus the squared error, times the items.
    """
    evidence = arrange(votes, gold)
    fixed = known_prior(prior, evidence)
    balance = balance_of(evidence) if fixed is None else fixed
    start = chance_by_shares(evidence, balance).transpose(0, 2, 1)
    moments = moments_of(evidence, balance, start)
    chance, trace, converged = descend(moments, start, iterations, tolerance)
    chance = joint.bounded(joint.taught_by_gold(chance, evidence), joint.rates(evidence))
    arrays = {"chance": joint.with_pool(chance, evidence)}
    return finish("matrix_completion", evidence, arrays, balance, prior, trace, converged, joint.judge)


@dataclass(frozen=True, eq=False)
class Moments:
    """What the chances must explain. An event is a vote of a source for a column; events are those of arrays below."""

    pairs: csr_array  # (n_events, n_events) share of items on which both happen; nothing for one's own source
    rate: FloatArray  # (n_sources, n_columns given)
    balance: FloatArray  # (n_columns true,)
    start: FloatArray  # (n_sources, n_columns given, n_columns true)
    items: int

    def error(self, chance: FloatArray) -> tuple[float, FloatArray]:
        """Squared error of chances (n_sources, given, true), times the items, and its slope.

        Pairs that never go together count too, through the small matrices that all pairs add up to; so the cost is
        that of the pairs that do.
        """
        events = chance.reshape(-1, chance.shape[-1])
        weighted = events * self.balance
        gram = weighted.T @ weighted
        own = np.einsum("sgt,sht->sgh", chance * self.balance, chance)
        seen = self.pairs @ weighted
        missing = chance @ self.balance - self.rate
        held = chance - self.start
        # Σ (pair - model)² over pairs of different sources, less the constant Σ pair².
        square = (
            float(np.sum((events.T @ events) * gram))
            - float(np.sum(own**2))
            - 2.0 * float(np.sum(seen * events))
        )
        value = square + float(np.sum(missing**2)) + HOLD / self.items * float(np.sum(held**2))
        slope = 4.0 * (events @ (weighted.T @ events) * self.balance - seen).reshape(chance.shape)
        slope -= 4.0 * np.einsum("sgh,sht->sgt", own, chance) * self.balance
        slope += 2.0 * missing[..., None] * self.balance + 2.0 * HOLD / self.items * held
        return self.items * value, self.items * slope


def moments_of(evidence: Evidence, balance: FloatArray, start: FloatArray) -> Moments:
    columns, items = len(evidence.labels), max(evidence.n_items, 1)
    counts = together(evidence).tocoo()
    other = counts.row // max(columns, 1) != counts.col // max(columns, 1)
    shape = counts.shape
    pairs = csr_array((counts.data[other] / items, (counts.row[other], counts.col[other])), shape=shape)
    return Moments(pairs, joint.rates(evidence), balance, start, items)


def descend(
    moments: Moments, start: FloatArray, iterations: int, tolerance: float
) -> tuple[FloatArray, FloatArray, bool]:
    """Chances of least error, (n_sources, true, given), with the trace of minus the error, and whether it converged."""
    shape = start.shape
    if not start.size:
        return start.transpose(0, 2, 1), np.zeros(1), True

    def error(flat: FloatArray) -> tuple[float, FloatArray]:
        value, slope = moments.error(flat.reshape(shape))
        return value, slope.ravel()

    trace = [-error(start.ravel())[0]]
    found = minimize(
        error,
        start.ravel(),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * start.size,
        callback=lambda flat: trace.append(-error(flat)[0]),
        options={"maxiter": iterations, "ftol": max(tolerance, 0.0), "gtol": 1e-9},
    )
    return found.x.reshape(shape).transpose(0, 2, 1), np.array(trace), found.status == 0
