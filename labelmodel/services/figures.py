"""What a run of the label model tells about each person: how often they are right, and how they compare with others.

Counted by the worker that fits, so that pages only read rows. `SourceQuality.figures` holds

    answers              items that the person answered on this question
    compared, agreed     of those, items with two votes or more; where the person said what the consensus says
    others               share of the other people's votes on the same items that say the same, person by person
    chance               how often somebody would be right who says the same labels as often, whatever the item
    said                 {label, count, of, expected, z}: the label that the person says most, how often the others say
                         it on the same items, and how many standard deviations lie between; not for sets
    mistakes             [{consensus, said, count}], most frequent first; for sets one of the two is null
    labels               names of the rows and columns of `confusion`
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from labelmodel.estimators import Votes, source_accuracy
from labelmodel.models import LabelModelRun, SourceQuality
from labelmodel.services.coding import PRESENT, Ballot, Floats, Ints
from labelmodel.services.fitting import Fitted

# Confusions are kept to be shown; larger ones nobody reads.
MOST_SHOWN_LABELS = 50
MOST_MISTAKES = 8


def keep(run: LabelModelRun, fitted: Fitted) -> None:
    """Write down everybody's quality on a run's question. Harmless to repeat."""
    ballot, parameters = fitted.ballot, fitted.fit.parameters
    quality = source_accuracy(ballot.votes, fitted.fit)
    counted = count(ballot, fitted.fit.posterior)
    shown = not ballot.is_set and len(ballot.labels) <= MOST_SHOWN_LABELS
    rows = [
        SourceQuality(
            run=run,
            project_id=run.project_id,
            question=run.question,
            source_id=person,
            accuracy=float(quality.accuracy[n]),
            low=float(quality.low[n]),
            high=float(quality.high[n]),
            judgments=float(quality.judgments[n]),
            votes=counted[n]["answers"],
            confusion=np.round(parameters.confusion(np.array([n]))[0], 4).tolist() if shown else [],
            figures={**counted[n], "labels": ballot.labels if shown else []},
        )
        for n, person in enumerate(ballot.people)
    ]
    SourceQuality.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["project", "question", "source"],
        update_fields=["run", "accuracy", "low", "high", "judgments", "votes", "confusion", "figures"],
        batch_size=500,
    )
    SourceQuality.objects.filter(project=run.project_id, question=run.question).exclude(run=run).delete()


def count(ballot: Ballot, posterior: Floats) -> list[dict[str, Any]]:
    """The figures of each source of a ballot; posterior is (n items or pairs, n labels)."""
    votes = ballot.votes
    top = posterior.argmax(axis=1) if len(posterior) else np.empty(0, dtype=np.int64)
    n = votes.n_sources
    answers = np.bincount(votes.source, minlength=n) if not ballot.is_set else _answers(ballot)
    compared, agreed = _with_consensus(ballot, top)
    others = _with_others(votes)
    chance = _by_chance(votes, top)
    said = [{} for _ in range(n)] if ballot.is_set else _most_said(ballot)
    mistakes = _mistakes(ballot, top)
    return [
        {
            "answers": int(answers[s]),
            "compared": int(compared[s]),
            "agreed": int(agreed[s]),
            "others": _rounded(others[s]),
            "chance": _rounded(chance[s]),
            "said": said[s],
            "mistakes": mistakes[s],
        }
        for s in range(n)
    ]


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def _item_of(ballot: Ballot) -> Ints:
    """The item of each vote; of a set's votes, the item that the label was given to."""
    item = np.asarray(ballot.votes.item, dtype=np.int64)
    return item if ballot.pair is None else ballot.pair[0][item]


def _answers(ballot: Ballot) -> Ints:
    """Of a set question: how many items each source has given or refused labels to."""
    votes = ballot.votes
    pairs = np.unique(votes.source.astype(np.int64) * max(1, len(ballot.items)) + _item_of(ballot))
    return np.bincount(pairs // max(1, len(ballot.items)), minlength=votes.n_sources)


def _with_consensus(ballot: Ballot, top: Ints) -> tuple[Ints, Ints]:
    """Answers to items with two votes or more, and how many of them say exactly what the consensus says."""
    votes, item = ballot.votes, _item_of(ballot)
    judged = ballot.counts[item] >= 2
    right = votes.label == top[votes.item]
    answer, first = np.unique(
        votes.source[judged].astype(np.int64) * max(1, len(ballot.items)) + item[judged], return_inverse=True
    )
    all_right = np.ones(len(answer), dtype=bool)
    np.logical_and.at(all_right, first, right[judged])
    source = answer // max(1, len(ballot.items))
    return (
        np.bincount(source, minlength=votes.n_sources),
        np.bincount(source[all_right], minlength=votes.n_sources),
    )


def _with_others(votes: Votes) -> Floats:
    """How much of what others say of the same items is what a source says, (n_sources,); NaN without others."""
    sizes = np.bincount(votes.item, minlength=votes.n_items)[votes.item]
    _, where, same = np.unique(
        _cells(votes.item, votes.label, votes), return_inverse=True, return_counts=True
    )
    share = (same[where] - 1) / np.maximum(sizes - 1, 1)
    shared = sizes >= 2
    total = np.bincount(votes.source[shared], minlength=votes.n_sources)
    agreed = np.bincount(votes.source[shared], share[shared], minlength=votes.n_sources)
    return np.where(total > 0, agreed / np.maximum(total, 1), np.nan)


def _cells(major: Any, label: Any, votes: Votes) -> Ints:
    return np.asarray(np.asarray(major, dtype=np.int64) * votes.n_labels + label)


def _by_chance(votes: Votes, top: Ints) -> Floats:
    """Sum over labels of (share of a source's votes) x (share of the consensus on its items), (n_sources,)."""
    said, n_said = np.unique(_cells(votes.source, votes.label, votes), return_counts=True)
    true, n_true = np.unique(_cells(votes.source, top[votes.item], votes), return_counts=True)
    both, a, b = np.intersect1d(said, true, assume_unique=True, return_indices=True)
    products = n_said[a].astype(float) * n_true[b]
    total = np.bincount(votes.source, minlength=votes.n_sources).astype(float)
    summed = np.bincount(both // votes.n_labels, products, minlength=votes.n_sources)
    return np.where(total > 0, summed / np.maximum(total, 1) ** 2, np.nan)


def _most_said(ballot: Ballot) -> list[dict[str, Any]]:
    """The label that each source says most, held against how often the others say it on the very same items.

    Under the hypothesis that a source is like the others, its count is a sum of independent draws, each with the share
    of the label among the other votes on the item, in which one vote counts that is like the whole project's.
    """
    votes = ballot.votes
    source, item = votes.source.astype(np.int64), votes.item.astype(np.int64)
    label = _favourites(votes)
    overall = np.bincount(votes.label, minlength=votes.n_labels) / max(1, len(votes))
    sizes = np.bincount(item, minlength=votes.n_items)[item]
    cells, counts = np.unique(_cells(item, votes.label, votes), return_counts=True)
    wanted = _cells(item, label[source], votes)
    place = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
    on_item = np.where(cells[place] == wanted, counts[place], 0)
    own = votes.label == label[source]
    others = sizes > 1
    share = (on_item - own + overall[label[source]]) / sizes
    n, (of, k, expected, variance) = (
        votes.n_sources,
        (
            np.bincount(source[others], weights[others], minlength=votes.n_sources)
            for weights in (np.ones(len(votes)), own.astype(float), share, share * (1 - share))
        ),
    )
    return [
        {
            "label": ballot.labels[label[s]],
            "count": int(k[s]),
            "of": int(of[s]),
            "expected": round(float(expected[s]), 1),
            "z": round(float((k[s] - expected[s]) / np.sqrt(max(variance[s], 1e-9))), 1),
        }
        if of[s]
        else {}
        for s in range(n)
    ]


def _favourites(votes: Votes) -> Ints:
    """The label that each source says most, (n_sources,)."""
    cells, counts = np.unique(_cells(votes.source, votes.label, votes), return_counts=True)
    order = np.argsort(counts, kind="stable")
    favourites = np.zeros(votes.n_sources, dtype=np.int64)
    favourites[cells[order] // votes.n_labels] = cells[order] % votes.n_labels
    return favourites


def _mistakes(ballot: Ballot, top: Ints) -> list[list[dict[str, Any]]]:
    """For each source what it says most often where the consensus says something else."""
    votes = ballot.votes
    wrong = np.flatnonzero(votes.label != top[votes.item])
    if ballot.pair is None:
        triples = np.stack([votes.source[wrong], top[votes.item[wrong]], votes.label[wrong]], axis=1)
    else:
        given = votes.label[wrong] == PRESENT
        name = ballot.pair[1][votes.item[wrong]]
        triples = np.stack(
            [votes.source[wrong], np.where(given, -1, name), np.where(given, name, -1)], axis=1
        )
    kinds, counts = np.unique(triples, axis=0, return_counts=True)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for place in np.argsort(-counts, kind="stable"):
        source, true, said = (int(value) for value in kinds[place])
        if len(found[source]) < MOST_MISTAKES:
            found[source].append(
                {
                    "consensus": ballot.labels[true] if true >= 0 else None,
                    "said": ballot.labels[said] if said >= 0 else None,
                    "count": int(counts[place]),
                }
            )
    return [found[source] for source in range(votes.n_sources)]
