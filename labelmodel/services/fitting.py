"""Fit an estimator to a ballot, however many items and labels there are, and publish what it says of the items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import orjson

from annotation.models import Consensus, Project
from annotation.services import consensus
from annotation.services.consensus import Found
from labelmodel.estimators import ESTIMATORS, Fit, Parameters, Votes, update
from labelmodel.models import LabelModelRun
from labelmodel.services.coding import Ballot, Floats, Ints, found, known_pairs, parts

# Numbers in one array over items and labels; an estimator holds a handful of such arrays.
MOST_CELLS = 10_000_000
# Items whose consensus is worked out and compared at a time.
CELLS_AT_ONCE = 2_000_000
ITEMS_AT_ONCE = 20_000
# A fit leaves an item alone whose consensus it would hardly change.
NOTICEABLE = 0.01

Known = dict[int, Any]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fit, and the part of the ballot that it was made on: all of it, unless that is too large."""

    fit: Fit
    ballot: Ballot
    whole: bool


def fit(ballot: Ballot, method: str, known: Known) -> Fitted:
    """Fit to all items, or, where items times labels are too many, to as many as can be held, spread evenly.

    What is learned is about sources, of whom such a part tells as much; every item is judged by it afterwards. Raises
    ValueError when the method cannot be fitted to these votes, MemoryError.
    """
    some = _affordable(ballot, known)
    made = ESTIMATORS[method](some.votes, gold=known_pairs(some, known))
    return Fitted(made, some, some is ballot)


def _affordable(ballot: Ballot, known: Known) -> Ballot:
    most = MOST_CELLS // ballot.votes.n_labels
    if ballot.pair is not None or len(ballot.items) <= most:
        return ballot
    chosen = np.isin(ballot.items, np.fromiter(known, dtype=np.int64, count=len(known)))
    chosen[np.linspace(0, len(ballot.items) - 1, max(1, most)).astype(np.int64)] = True
    return of_items(ballot, np.flatnonzero(chosen)[: max(1, most)])


def of_items(ballot: Ballot, positions: Ints) -> Ballot:
    """The votes on the items at these positions, ascending; not for sets."""
    votes = ballot.votes
    mine = np.isin(votes.item, positions)
    item = np.searchsorted(positions, votes.item[mine])
    own = Votes(item, votes.source[mine], votes.label[mine], len(positions), votes.n_sources, votes.n_labels)
    return replace(
        ballot,
        votes=own,
        items=ballot.items[positions],
        counts=ballot.counts[positions],
        unanimous=ballot.unanimous[positions],
    )


def posteriors(ballot: Ballot, fitted: Fitted, known: Known) -> Iterator[tuple[Ballot, Floats]]:
    """The posterior of all items, part by part."""
    for part, rows in parts(ballot, min(CELLS_AT_ONCE, ITEMS_AT_ONCE * ballot.votes.n_labels)):
        if fitted.whole:
            yield part, fitted.fit.posterior[rows]
        else:
            yield part, update(fitted.fit, part.votes, gold=known_pairs(part, known))


def judge(votes: Ballot, run: LabelModelRun | None, parameters: Parameters | None) -> Iterator[Found]:
    """The consensus of these items with the sources as a run knows them; by plain majority where there is none.

    Without what is known of these very items: for them it stands anyway, and what votes alone say of them is kept to
    measure calibration by.
    """
    for part, _ in parts(votes, CELLS_AT_ONCE):
        if run is None or parameters is None:
            majority = ESTIMATORS["majority"](part.votes)
            yield from found(part, majority.posterior, "majority", None)
        else:
            yield from found(part, update(parameters, part.votes), run.method, run.pk)


def widened(parameters: Parameters, n_labels: int) -> Parameters:
    """The parameters over so many labels, of which somebody used some that the fit has not met."""
    unmet = n_labels - parameters.n_labels
    return replace(parameters, prior=np.pad(parameters.prior, (0, unmet))) if unmet else parameters


def publish(project: Project, run: LabelModelRun, ballot: Ballot, fitted: Fitted, known: Known) -> None:
    """Publish what a new fit changes noticeably, part by part. Harmless to repeat."""
    for part, posterior in posteriors(ballot, fitted, known):
        changed = _noticeable(project, run, found(part, posterior, run.method, run.pk))
        consensus.publish(
            project_id=project.pk,
            schema_id=run.schema_id,
            items=[one.item for one in changed],
            questions=[run.question],
            found=changed,
            touched=False,
        )


def _noticeable(project: Project, run: LabelModelRun, results: list[Found]) -> list[Found]:
    items = [one.item for one in results]
    rows = Consensus.objects.filter(item__in=items, question=run.question)
    had = {
        item: (orjson.dumps(value).decode(), confidence, schema)
        for item, value, confidence, schema in rows.values_list("item", "value", "confidence", "schema")
    }
    return [one for one in results if _differs(had.get(one.item), one, run.schema_id)]


def _differs(before: tuple[str, float, int] | None, one: Found, schema: int) -> bool:
    if before is None:
        return True
    value, confidence, under = before
    return value != one.value or under != schema or abs(confidence - one.confidence) > NOTICEABLE
