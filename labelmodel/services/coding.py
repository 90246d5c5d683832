"""From what people said to votes on one question, and from a posterior back to a consensus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from annotation.questions import QUESTION_TYPES, QuestionType
from annotation.questions.types import Question
from annotation.reports.said import Said
from annotation.services.consensus import Found
from labelmodel.estimators import Votes

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# What a distribution keeps: so many labels, none less likely than this.
MOST_LABELS = 12
LEAST_SHARE = 0.005
MOST_LISTED = 100
# A set's labels are judged one by one: said or not said.
ABSENT, PRESENT = 0, 1


@dataclass(frozen=True, eq=False)
class Ballot:
    """The votes on one question, numbered for an estimator.

    `items` are the ids behind the items of the votes, in order; for a set question each (item, label) pair is an item of
    its own with the labels said and not said, and `pair` tells which item and label each is.
    """

    question: Question
    kind: QuestionType
    votes: Votes
    items: Ints  # (n,) ids, ascending
    labels: list[str]
    people: list[int]
    counts: Ints  # (n,) votes by item
    unanimous: npt.NDArray[np.bool_]  # (n,)
    pair: tuple[Ints, Ints] | None = None

    @property
    def is_set(self) -> bool:
        return self.pair is not None


def ballot(
    said: Said, question: Question, *, labels: Sequence[str] = (), people: Sequence[int] = ()
) -> Ballot | None:
    """The votes that these answers cast on a question; None without any. Numbers of `labels` and `people` are kept,
    new ones come after them."""
    kind = QUESTION_TYPES[question["type"]]
    name = question["name"]
    cast = [kind.votes(question, answer[name]) if name in answer else None for answer in said.answers]
    answered = np.array([votes is not None for votes in cast], dtype=bool)
    rows = np.flatnonzero(answered[said.code]) if len(said) else np.empty(0, dtype=np.int64)
    if not len(rows):
        return None
    # Labels that nobody has used yet are possible too, where they are few enough to matter.
    listed = kind.values(question) or []
    possible = listed if len(listed) <= MOST_LISTED else []
    names = list(dict.fromkeys([*labels, *possible, *(label for votes in cast for label in votes or ())]))
    numbers = {label: number for number, label in enumerate(names)}
    everybody = list(dict.fromkeys([*people, *np.unique(said.person[rows]).tolist()]))
    source = _positions(everybody, said.person[rows])
    items, item = np.unique(said.item[rows], return_inverse=True)
    code = said.code[rows]
    counts, unanimous = (
        np.bincount(item, minlength=len(items)),
        _unanimous(item, _same(cast)[code], len(items)),
    )
    pair = None
    if kind.scale == "set":
        votes, pair = _set_votes(cast, item, source, code, numbers, len(items), len(everybody))
    else:
        label_of = np.array([numbers[given[0]] if given else 0 for given in cast], dtype=np.int64)
        votes = Votes(item, source, label_of[code], len(items), len(everybody), max(1, len(names)))
    return Ballot(question, kind, votes, items, names, everybody, counts, unanimous, pair)


def _positions(everybody: Sequence[int], person: Ints) -> Ints:
    known = np.array(everybody, dtype=np.int64)
    order = np.argsort(known)
    return np.asarray(order[np.searchsorted(known[order], person)], dtype=np.int64)


def _same(cast: Sequence[list[str] | None]) -> Ints:
    """A number for each answer; equal for answers that vote alike."""
    seen: dict[tuple[str, ...], int] = {}
    return np.array([seen.setdefault(tuple(votes or ()), len(seen)) for votes in cast], dtype=np.int64)


def _unanimous(item: Ints, said: Ints, n_items: int) -> npt.NDArray[np.bool_]:
    low = np.full(n_items, np.iinfo(np.int64).max)
    high = np.full(n_items, -1)
    np.minimum.at(low, item, said)
    np.maximum.at(high, item, said)
    return np.asarray(low == high)


def _set_votes(
    cast: Sequence[list[str] | None],
    item: Ints,
    source: Ints,
    code: Ints,
    numbers: dict[str, int],
    n_items: int,
    n_people: int,
) -> tuple[Votes, tuple[Ints, Ints]]:
    """For each label that anybody gave to an item: who gave it and who did not. As long as what was said, however many
    labels there are."""
    width = max(1, len(numbers))
    listed = [np.array([numbers[label] for label in votes or ()], dtype=np.int64) for votes in cast]
    sizes = np.array([len(labels) for labels in listed], dtype=np.int64)[code]
    said = np.repeat(np.arange(len(item)), sizes)
    label = np.concatenate([listed[n] for n in code]) if sizes.sum() else np.empty(0, dtype=np.int64)
    of_item, label_of = np.divmod(np.unique(item[said] * width + label), width)
    start = np.searchsorted(of_item, np.arange(n_items + 1))
    repeats = np.diff(start)[item]
    vote = np.repeat(np.arange(len(item)), repeats)
    ends = np.cumsum(repeats)
    pair = np.arange(len(vote)) - np.repeat(ends - repeats, repeats) + np.repeat(start[item], repeats)
    present = np.isin(vote * width + label_of[pair], said * width + label).astype(np.int64)
    return Votes(pair, source[vote], present, len(of_item), n_people, 2), (of_item, label_of)


def parts(ballot: Ballot, cells: int) -> Iterator[tuple[Ballot, slice]]:
    """The ballot in parts of so many items that items times labels stay below `cells`, each with the rows of a
    posterior that are its own."""
    step = max(
        1, cells // ballot.votes.n_labels // (1 if ballot.pair is None else _labels_on_an_item(ballot))
    )
    if step >= len(ballot.items):
        yield ballot, slice(0, ballot.votes.n_items)
        return
    order = np.argsort(ballot.votes.item, kind="stable")
    for first in range(0, len(ballot.items), step):
        yield _part(ballot, order, first, min(first + step, len(ballot.items)))


def _labels_on_an_item(ballot: Ballot) -> int:
    return max(1, round(ballot.votes.n_items / max(1, len(ballot.items))))


def _part(ballot: Ballot, order: Ints, first: int, last: int) -> tuple[Ballot, slice]:
    votes, pair, here = ballot.votes, ballot.pair, slice(first, last)
    rows = here
    if pair is not None:
        start, end = np.searchsorted(pair[0], [first, last])
        rows, pair = slice(int(start), int(end)), (pair[0][start:end] - first, pair[1][start:end])
    start, end = np.searchsorted(votes.item, [rows.start, rows.stop], sorter=order)
    mine = order[start:end]
    own = Votes(
        votes.item[mine] - rows.start,
        votes.source[mine],
        votes.label[mine],
        rows.stop - rows.start,
        votes.n_sources,
        votes.n_labels,
    )
    some = replace(
        ballot,
        votes=own,
        items=ballot.items[here],
        counts=ballot.counts[here],
        unanimous=ballot.unanimous[here],
        pair=pair,
    )
    return some, rows


def known_pairs(ballot: Ballot, known: dict[int, Any]) -> tuple[Ints, Ints] | None:
    """Known values by item id, as an estimator takes them: (item, label)."""
    numbers = {label: number for number, label in enumerate(ballot.labels)}
    here = np.flatnonzero(np.isin(ballot.items, np.fromiter(known, dtype=np.int64, count=len(known))))
    place = {int(ballot.items[position]): int(position) for position in here}
    votes = {item: ballot.kind.votes(ballot.question, known[item]) for item in place}
    if ballot.pair is not None:
        positions = {
            position: {numbers.get(label) for label in votes[item]} for item, position in place.items()
        }
        pairs = [
            (number, PRESENT if int(label) in positions[int(item)] else ABSENT)
            for number, (item, label) in enumerate(zip(*ballot.pair, strict=True))
            if int(item) in positions
        ]
    else:
        pairs = [
            (position, numbers[votes[item][0]])
            for item, position in place.items()
            if votes[item] and votes[item][0] in numbers
        ]
    if not pairs:
        return None
    item, label = np.array(pairs, dtype=np.int64).T
    return item, label


def found(ballot: Ballot, posterior: Floats, method: str, run: int | None) -> list[Found]:
    """The consensus of each item of a ballot; posterior is (n items or pairs, n labels)."""
    shares = _set_shares(ballot, posterior) if ballot.is_set else _shares(ballot, posterior)
    name = ballot.question["name"]
    return [
        Found(
            item=int(item),
            question=name,
            value=_json(value),
            distribution=_json(distribution),
            confidence=round(float(confidence), 6),
            entropy=round(float(entropy), 6),
            votes=int(count),
            unanimous=bool(same),
            method=method,
            run=run,
        )
        for item, count, same, (value, distribution, confidence, entropy) in zip(
            ballot.items, ballot.counts, ballot.unanimous, shares, strict=True
        )
    ]


def _shares(ballot: Ballot, posterior: Floats) -> list[tuple[Any, dict[str, float], float, float]]:
    entropies = -np.sum(posterior * np.log2(np.where(posterior > 0, posterior, 1.0)), axis=1)
    top = np.argsort(-posterior, axis=1, kind="stable")[:, :MOST_LABELS]
    values = [ballot.kind.adopt(ballot.question, [label]) for label in ballot.labels]
    return [
        (
            values[row[0]],
            {ballot.labels[n]: round(float(p[n]), 4) for n in row if p[n] >= LEAST_SHARE or n == row[0]},
            p[row[0]],
            entropy,
        )
        for row, p, entropy in zip(top, posterior, entropies, strict=True)
    ]


def _set_shares(ballot: Ballot, posterior: Floats) -> list[tuple[Any, dict[str, float], float, float]]:
    assert ballot.pair is not None, "a set question has pairs"
    of_item, label = ballot.pair
    present = posterior[:, PRESENT]
    sure = np.maximum(present, 1 - present)
    bits = -np.sum(posterior * np.log2(np.where(posterior > 0, posterior, 1.0)), axis=1)
    n = len(ballot.items)
    # Labels are taken to be independent given the item, so that the whole set is right if each of them is.
    confidence = np.exp(np.bincount(of_item, np.log(sure), n)) if len(of_item) else np.ones(n)
    entropy = np.bincount(of_item, bits, n) if len(of_item) else np.zeros(n)
    chosen: list[list[tuple[int, float]]] = [[] for _ in range(n)]
    for item, number, p in zip(of_item, label, present, strict=True):
        chosen[item].append((int(number), float(p)))
    return [
        (
            [ballot.labels[number] for number, p in pairs if p >= 0.5],
            {ballot.labels[number]: round(p, 4) for number, p in pairs if p >= LEAST_SHARE},
            confidence[item],
            entropy[item],
        )
        for item, pairs in enumerate(chosen)
    ]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def medians(ballot: Ballot) -> list[Found]:
    """For numbers: the median, and how many of the votes are the same, with one vote for and one against beforehand."""
    numbers = np.array([float(label) for label in ballot.labels])
    said = numbers[ballot.votes.label]
    order = np.lexsort([said, ballot.votes.item])
    starts = np.searchsorted(ballot.votes.item[order], np.arange(len(ballot.items) + 1))
    rows = []
    for n, item in enumerate(ballot.items):
        own = said[order[starts[n] : starts[n + 1]]]
        # The lower one of two in the middle: a number that somebody said.
        median = float(own[(len(own) - 1) // 2])
        agree = (1 + int(np.sum(own == median))) / (2 + len(own))
        value = ballot.kind.adopt(ballot.question, [f"{median!r}"])
        distinct, counts = np.unique(own, return_counts=True)
        shares = counts / len(own)
        distribution = {
            f"{x:g}": round(float(p), 4) for x, p in list(zip(distinct, shares, strict=True))[:MOST_LABELS]
        }
        entropy = float(-np.sum(shares * np.log2(shares)))
        rows.append(
            Found(
                int(item),
                ballot.question["name"],
                _json(value),
                _json(distribution),
                agree,
                entropy,
                len(own),
                bool(ballot.unanimous[n]),
                "median",
            )
        )
    return rows
