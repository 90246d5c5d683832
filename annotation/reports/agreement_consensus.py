"""What people said beside what their answers amount to."""

from __future__ import annotations

from typing import Any

import numpy as np

from annotation.models import Consensus, Project
from annotation.questions import QUESTION_TYPES
from annotation.reports.agreement_asked import Asked
from annotation.reports.agreement_figures import AgainstConsensus

MOST_SHOWN = 12
OTHERS = "others"


def against_consensus(project: Project, asked: Asked) -> AgainstConsensus | None:
    """Counts of what was said, by consensus; None where there is no consensus yet, or answers are no single labels."""
    if asked.level not in {"nominal", "ordinal"}:
        return None
    item, agreed = _agreed(project, asked)
    if not len(item):
        return None
    place = np.full(asked.judgments.n_items, -1)
    place[item] = agreed
    truth = place[asked.judgments.item]
    rows = truth >= 0
    truth, told = truth[rows], asked.judgments.value[rows]
    counts, titles = _table(asked, truth, told)
    same = int(np.count_nonzero(truth == told))
    return AgainstConsensus(titles, tuple(tuple(row) for row in counts.tolist()), same, len(told))


def _agreed(project: Project, asked: Asked) -> tuple[Any, Any]:
    """The items that have a consensus, and its label; both as the judgments number them."""
    kind = QUESTION_TYPES[asked.question["type"]]
    labels = {value: position for position, value in enumerate(asked.judgments.values)}
    found = Consensus.objects.filter(project=project, question=asked.name).exclude(value=None)
    pairs = []
    for item, value in found.values_list("item_id", "value").iterator(chunk_size=10_000):
        votes = kind.votes(asked.question, value)
        if votes and votes[0] in labels:
            pairs.append((item, labels[votes[0]]))
    ids = np.array([item for item, _ in pairs], dtype=np.int64)
    agreed = np.array([label for _, label in pairs], dtype=np.int64)
    at = np.searchsorted(asked.items, ids)
    known = at < len(asked.items)
    known[known] = asked.items[at[known]] == ids[known]
    return at[known], agreed[known]


def _table(asked: Asked, truth: Any, told: Any) -> tuple[Any, tuple[str, ...]]:
    """The most frequent labels by themselves in the order of the schema, all others together."""
    values = asked.judgments.values
    often = np.bincount(truth, minlength=len(values)) + np.bincount(told, minlength=len(values))
    shown = np.sort(np.lexsort((np.arange(len(values)), -often))[:MOST_SHOWN])
    shown = shown[often[shown] > 0]
    column = np.full(len(values), len(shown))
    column[shown] = np.arange(len(shown))
    size = len(shown) + 1
    counts = np.bincount(column[truth] * size + column[told], minlength=size * size).reshape(size, size)
    titles = tuple(asked.title(values[one]) for one in shown)
    if counts[-1].any() or counts[:, -1].any():
        return counts, (*titles, OTHERS)
    return counts[:-1, :-1], titles
