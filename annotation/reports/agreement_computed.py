"""Agreement from what people said: arrays in, the figures of agreement_figures out. For workers, or little at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from annotation.agreement import (
    COEFFICIENTS,
    Agreement,
    Judgments,
    Level,
    agreement,
    agreements,
    confusions,
    default_for,
    items_with,
    pairwise,
    per_label,
)
from annotation.models import Dataset, Item, Project, User
from annotation.questions import QUESTION_TYPES
from annotation.reports.agreement_asked import Asked
from annotation.reports.agreement_consensus import against_consensus
from annotation.reports.agreement_figures import (
    Confused,
    Measured,
    OnLabel,
    OnQuestion,
    Pair,
    Pairs,
    Part,
    compared,
)
from annotation.reports.agreement_time import periods
from annotation.reports.said import Ints, Said, said

MOST_PEOPLE = 24
MOST_LABELS = 50
MOST_CONFUSED = 10
MOST_DATASETS = 20
SHOWN_ITEMS = 5
# Parts of the work have intervals of their own, which need not be as fine.
RESAMPLES_OF_PARTS = 400
# What two people are compared by; the first figure of many is alpha, of two it is kappa.
BETWEEN: dict[str, str] = {
    "nominal": "cohen",
    "ordinal": "cohen-quadratic",
    "interval": "cohen-quadratic",
    "set": "alpha-jaccard",
}


@dataclass(frozen=True)
class Found:
    answers: int
    people: int
    simulated: bool
    questions: tuple[OnQuestion, ...]


def of_project(project_id: int) -> Found:
    """How much people agree on each question of the current schema."""
    project = Project.objects.select_related("schema").get(pk=project_id)
    if project.schema is None:
        return Found(0, 0, False, ())
    everything = said(project_id=project.pk, schema_id=project.schema.pk)
    people = np.unique(everything.person).tolist()
    names = dict(User.objects.filter(pk__in=people).values_list("pk", "username"))
    return Found(
        answers=len(everything),
        people=len(people),
        simulated=User.objects.filter(pk__in=people, demo=True).exists(),
        questions=tuple(
            _on_question(project, judged(everything, question), everything, names)
            for question in compared(project)
        ),
    )


def judged(everything: Said, question: Any) -> Asked:
    """The judgments on a question among all that was said."""
    kind = QUESTION_TYPES[question["type"]]
    level = cast(Level, kind.scale)
    given = [_value(question, answer, level) for answer in everything.answers]
    values = _values(question, [value for value in given if value is not None], level)
    place = {value: position for position, value in enumerate(values)}
    of_code = np.array([-1 if value is None else place[value] for value in given], dtype=np.int64)
    value = of_code[everything.code] if len(everything) else np.zeros(0, dtype=np.int64)
    rows = np.flatnonzero(value >= 0)
    items, item = np.unique(everything.item[rows], return_inverse=True)
    people, person = np.unique(everything.person[rows], return_inverse=True)
    judgments = Judgments(item, person, value[rows], len(items), len(people), values, level)
    return Asked(question, judgments, rows, items, people)


def _value(question: Any, answer: dict[str, Any], level: Level) -> Any:
    """What an answer says to a question; None where it says nothing."""
    value = answer.get(question["name"])
    if value is None:
        return None
    if level == "interval":
        return float(value)
    votes = QUESTION_TYPES[question["type"]].votes(question, value)
    return frozenset(votes) if level == "set" else votes[0]


def _values(question: Any, given: list[Any], level: Level) -> Sequence[Any]:
    """All that can be said: the labels in the order of the schema; else what was said."""
    if level == "interval":
        return sorted(set(given))
    if level == "set":
        return sorted(set(given), key=sorted)
    listed = QUESTION_TYPES[question["type"]].values(question) or []
    known = set(listed)
    return [*listed, *dict.fromkeys(value for value in given if value not in known)]


def _on_question(project: Project, asked: Asked, everything: Said, names: dict[int, str]) -> OnQuestion:
    chosen = default_for(asked.level)
    found = agreements(asked.judgments)
    labels = _labels(asked)
    over, parts = periods(asked.judgments, everything.at[asked.rows])
    return OnQuestion(
        name=asked.name,
        title=asked.question["title"],
        level=asked.level,
        measured=tuple(_measured(one, chosen=name == chosen) for name, one in found.items()),
        pairs=_pairs(asked, names),
        confused=tuple(_confused(project, asked)),
        labels=tuple(labels[:MOST_LABELS]),
        n_labels=len(labels),
        datasets=tuple(_by_dataset(asked, everything.dataset[asked.rows])),
        over=over,
        over_time=tuple(_part(asked.judgments, name, rows) for name, rows in parts),
        against=against_consensus(project, asked),
    )


def _measured(found: Agreement, *, chosen: bool = False) -> Measured:
    return Measured(
        found.name,
        COEFFICIENTS[found.name].title,
        found.value,
        found.low,
        found.high,
        found.n_items,
        found.n_judgments,
        found.n_sources,
        found.meaning,
        chosen,
    )


def _part(judgments: Judgments, name: str, rows: Ints) -> Part:
    part = judgments.where(rows)
    return Part(
        name, _measured(agreement(part, default_for(part.level), resamples=RESAMPLES_OF_PARTS), chosen=True)
    )


def _pairs(asked: Asked, names: dict[int, str]) -> Pairs:
    """The people who share most items with others."""
    judgments = asked.judgments
    several = np.bincount(judgments.item, minlength=judgments.n_items) >= 2
    shared = np.bincount(judgments.source[several[judgments.item]], minlength=judgments.n_sources)
    busy = np.sort(np.lexsort((np.arange(len(shared)), -shared))[:MOST_PEOPLE])
    busy = busy[shared[busy] > 0]
    place = np.full(judgments.n_sources, -1)
    place[busy] = np.arange(len(busy))
    rows = np.flatnonzero(place[judgments.source] >= 0)
    few = Judgments(
        judgments.item[rows],
        place[judgments.source[rows]],
        judgments.value[rows],
        judgments.n_items,
        len(busy),
        judgments.values,
        asked.level,
    )
    people = tuple(names[int(asked.people[one])] for one in busy)
    coefficient = BETWEEN[asked.level]
    pairs = tuple(_each_two(few, coefficient, people)) if len(busy) > 1 else ()
    left_out = int(np.count_nonzero(shared)) - len(busy)
    return Pairs(coefficient, COEFFICIENTS[coefficient].title, people, pairs, left_out)


def _each_two(judgments: Judgments, coefficient: str, people: Sequence[str]) -> Iterator[Pair]:
    corrected, plain = pairwise(judgments, coefficient), pairwise(judgments, "percent")
    for a, first in enumerate(people):
        for b in range(a + 1, len(people)):
            if n_items := int(plain.n_items[a, b]):
                yield Pair(first, people[b], corrected.between(a, b), plain.between(a, b), n_items)


def _confused(project: Project, asked: Asked) -> Iterator[Confused]:
    if asked.level == "interval":
        return
    place = {value: position for position, value in enumerate(asked.judgments.values)}
    found = confusions(asked.judgments, MOST_CONFUSED)
    items = [
        asked.items[items_with(asked.judgments, place[one.first], place[one.second])[-SHOWN_ITEMS:]].tolist()
        for one in found
    ]
    keys = dict(Item.objects.filter(pk__in=[pk for some in items for pk in some]).values_list("pk", "key"))
    for one, some in zip(found, items, strict=True):
        yield Confused(
            _plain(one.first),
            _plain(one.second),
            asked.title(one.first),
            asked.title(one.second),
            one.count,
            one.rate,
            one.n_items,
            tuple((pk, keys[pk]) for pk in reversed(some) if pk in keys),
        )


def _labels(asked: Asked) -> list[OnLabel]:
    """By how often they were said."""
    if asked.level == "interval":
        return []
    found = sorted(per_label(asked.judgments), key=lambda one: -one.n_judgments)
    return [
        OnLabel(
            _plain(one.label), asked.title(one.label), one.specific, one.alpha, one.n_judgments, one.n_items
        )
        for one in found
    ]


def _plain(value: Any) -> str:
    return "|".join(sorted(map(str, value))) if isinstance(value, frozenset) else str(value)


def _by_dataset(asked: Asked, dataset: Ints) -> Iterator[Part]:
    """The datasets with most answers; nothing when all items come from one."""
    numbers, counts = np.unique(dataset, return_counts=True)
    if len(numbers) < 2:
        return
    names = dict(Dataset.objects.filter(pk__in=numbers.tolist()).values_list("pk", "name"))
    for at in np.argsort(-counts, kind="stable")[:MOST_DATASETS]:
        name = names.get(int(numbers[at]), "added by hand")
        yield _part(asked.judgments, name, np.flatnonzero(dataset == numbers[at]))
