"""How another method compares with the default on the same votes: where it reads otherwise, and which of them foresees more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from labelmodel.estimators import Votes, update
from labelmodel.methods import DEFAULT
from labelmodel.services import fitting
from labelmodel.services.coding import Ballot, Floats, Ints, known_pairs
from labelmodel.services.fitting import Fitted, Known

# So many votes are left out at most, one of an item.
MOST_LEFT_OUT = 2000


def compare(ballot: Ballot, fitted: Fitted, method: str, known: Known) -> dict[str, Any]:
    """{with, items, differ, known, right, right_before, left_out, log_likelihood, log_likelihood_before}.

    `before` is the default method. What is known is no evidence here: both are fitted without it, and then asked for it.
    Log-likelihoods are means per left-out vote; null where they cannot be had.
    """
    other = fitting.fit(ballot, DEFAULT, known)
    blind = [fitting.fit(ballot, name, {}) for name in (method, DEFAULT)]
    right = [_right(ballot, one, known) for one in blind]
    left_out, likelihoods = _foreseen(ballot, method)
    return {
        "with": DEFAULT,
        "items": len(ballot.items),
        "differ": _differ(ballot, fitted, other, known),
        "known": right[0][1],
        "right": right[0][0],
        "right_before": right[1][0],
        "left_out": left_out,
        "log_likelihood": likelihoods[0],
        "log_likelihood_before": likelihoods[1],
    }


def _differ(ballot: Ballot, one: Fitted, other: Fitted, known: Known) -> int:
    """Items that read otherwise."""
    pairs = zip(fitting.posteriors(ballot, one, known), fitting.posteriors(ballot, other, known), strict=True)
    count = 0
    for (part, mine), (_, theirs) in pairs:
        differs = np.flatnonzero(mine.argmax(axis=1) != theirs.argmax(axis=1))
        count += len(differs if part.pair is None else np.unique(part.pair[0][differs]))
    return count


def _right(ballot: Ballot, blind: Fitted, known: Known) -> tuple[int, int]:
    """How many known answers the votes alone give, and how many there are; of sets, label by label."""
    pairs = known_pairs(ballot, known)
    if pairs is None:
        return 0, 0
    positions, labels = pairs
    if blind.whole:
        posterior = blind.fit.posterior[positions]
    else:
        posterior = update(blind.fit, fitting.of_items(ballot, np.sort(positions)).votes)
        labels = labels[np.argsort(positions)]
    return int(np.sum(posterior.argmax(axis=1) == labels)), len(labels)


def _foreseen(ballot: Ballot, method: str) -> tuple[int, list[float | None]]:
    """The mean log-likelihood of left-out votes under this method and under the default."""
    votes = ballot.votes
    chosen = _to_leave_out(votes)
    if not len(chosen):
        return 0, [None, None]
    kept = np.ones(len(votes), dtype=bool)
    kept[chosen] = False
    rest = replace(
        ballot,
        votes=Votes(
            votes.item[kept],
            votes.source[kept],
            votes.label[kept],
            votes.n_items,
            votes.n_sources,
            votes.n_labels,
        ),
    )
    return len(chosen), [_log_likelihood(rest, votes, chosen, name) for name in (method, DEFAULT)]


def _to_leave_out(votes: Votes) -> Ints:
    """One vote of each of so many items that have more than one, always the same ones."""
    order = np.random.default_rng(0).permutation(len(votes))
    order = order[np.bincount(votes.item, minlength=votes.n_items)[votes.item[order]] >= 2]
    _, first = np.unique(votes.item[order], return_index=True)
    return np.asarray(order[np.sort(first)[:MOST_LEFT_OUT]])


def _log_likelihood(rest: Ballot, votes: Votes, chosen: Ints, method: str) -> float | None:
    try:
        fitted = fitting.fit(rest, method, {})
        if not fitted.whole:
            return None
        sources, where = np.unique(votes.source[chosen], return_inverse=True)
        confusion: Floats = fitted.fit.parameters.confusion(sources)
    except ValueError:
        return None
    chances = np.sum(
        fitted.fit.posterior[votes.item[chosen]] * confusion[where, :, votes.label[chosen]], axis=1
    )
    return round(float(np.mean(np.log(np.maximum(chances, 1e-12)))), 4)
