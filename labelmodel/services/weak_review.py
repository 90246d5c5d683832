"""The items about which people's answers teach most about labeling functions: for the review lane of the queue.

An answer tells whether each function that votes on the item is right there. That is worth the more, the less sure it is
whether the vote is right, the less is known of how often the function is right at all, and the more items it votes on. Items
that no function votes on tell what functions are missing, so a part of the lane is theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labelmodel.services.weak_fitting import Learned
from labelmodel.services.weak_votes import Some, Sources

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
# So many are kept of a block and in the end; and the largest part of them that nothing votes on.
KEPT_OF_BLOCK, KEPT = 500, 1000
UNCOVERED_SHARE = 0.25
LEAST_DOUBT = 0.02
LONGEST = 200


@dataclass(frozen=True, eq=False)
class Worth:
    """How much one answer about a vote of each source is worth at most, (m,)."""

    doubt: Floats
    judgments: Floats


@dataclass(frozen=True, eq=False)
class Found:
    """Candidates of some blocks: items that are voted on, with score and leading source, and an even part of the others."""

    some: Some
    score: Floats
    lead: Ids
    uncovered: Ids


def worth(learned: Learned, votes: Ids, covered: int) -> Worth:
    """`votes` (m,): how many items each source votes on; of `covered` ones."""
    influence = votes / max(covered, 1)
    return Worth((learned.high - learned.low) * influence, learned.judgments)


def found(some: Some, posterior: Floats, labeled: Ids, worth: Worth, rng: np.random.Generator) -> Found:
    """The best of a block; posterior is (n, k)."""
    # Nobody is certain, whatever a method says: where all functions agree, an answer still tells how right they are.
    p = np.clip(posterior[some.item, some.label], LEAST_DOUBT, 1.0 - LEAST_DOUBT)
    each = worth.doubt[some.source] * 4.0 * p * (1.0 - p)
    score = np.asarray(np.bincount(some.item, each, minlength=len(some)), dtype=np.float64)
    free = ~np.isin(some.items, labeled)
    score[~free] = 0.0
    best = np.sort(np.argsort(-score, kind="stable")[:KEPT_OF_BLOCK])
    best = best[score[best] > 0]
    bare = rng.permutation(np.flatnonzero(free & ~some.covered))[: int(UNCOVERED_SHARE * KEPT)]
    return Found(some.at(best), score[best], _leading(some, each, len(some))[best], some.items[np.sort(bare)])


def _leading(some: Some, each: Floats, n: int) -> Ids:
    """Of each item the source that the answer teaches most about, (n,)."""
    lead = np.zeros(n, dtype=np.int64)
    order = np.argsort(each, kind="stable")
    lead[some.item[order]] = some.source[order]
    return lead


def listed(
    parts: Sequence[Found], worth: Worth, sources: Sources, covered: float, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """{item, score, kind, reason}, what teaches most first; `covered` is the share of items that anything votes on.

    The more of a lane is about one function, the less the next answer about it is worth: the interval of a share shrinks with
    the root of how many were judged.
    """
    told = [entry for part in parts for entry in _ranked(part)]
    told.sort(key=lambda entry: -entry[0])
    seen = np.zeros(sources.count)
    weighed = []
    for score, lead, item, part in told[: 4 * KEPT]:
        known = worth.judgments[lead] + 2.0
        weighed.append((score * float(np.sqrt(known / (known + seen[lead]))), item, part))
        seen[lead] += 1
    weighed.sort(key=lambda entry: -entry[0])
    bare = np.concatenate([part.uncovered for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    share = min(UNCOVERED_SHARE, 1.0 - covered)
    # Of what is listed, not of what could be: in a small pool few are voted on, and they come first.
    most = share * min(KEPT, len(weighed) / (1.0 - share)) if weighed else share * KEPT
    chosen = rng.permutation(bare)[: int(most)].tolist()
    voted = [_entry(score, item, part, worth, sources) for score, item, part in weighed[:KEPT]]
    return _mixed(voted, [_bare(item) for item in chosen])


def _ranked(part: Found) -> list[tuple[float, int, int, Found]]:
    return [
        (float(score), int(lead), position, part)
        for position, (score, lead) in enumerate(zip(part.score, part.lead, strict=True))
    ]


def _mixed(voted: list[dict[str, Any]], bare: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The second in between the first, at even distances."""
    if not voted or not bare:
        return voted or bare
    step = max(1, len(voted) // len(bare))
    found: list[dict[str, Any]] = []
    for number, one in enumerate(voted):
        found.append(one)
        if (number + 1) % step == 0 and (number + 1) // step <= len(bare):
            found.append(bare[(number + 1) // step - 1])
    return found[:KEPT]


def _bare(item: int) -> dict[str, Any]:
    return {"item": item, "score": 0.0, "kind": "uncovered", "reason": "No labeling function votes on it"}


def _entry(score: float, position: int, part: Found, worth: Worth, sources: Sources) -> dict[str, Any]:
    mine = part.some.item == position
    said = list(zip(part.some.source[mine].tolist(), part.some.label[mine].tolist(), strict=True))
    said.sort(key=lambda vote: -worth.doubt[vote[0]])
    other = next((vote for vote in said if vote[1] != said[0][1]), None)
    conflict = other is not None and not sources.is_set
    reason = _conflict(said[0], other, sources) if conflict and other else _doubt(said[0], worth, sources)
    return {
        "item": int(part.some.items[position]),
        "score": round(score, 6),
        "kind": "conflict" if conflict else "doubt",
        "reason": reason if len(reason) <= LONGEST else reason[: LONGEST - 1] + "…",
    }


def _conflict(one: tuple[int, int], other: tuple[int, int], sources: Sources) -> str:
    return f"Functions disagree: {_vote(one, sources)}, {_vote(other, sources)}"


def _doubt(vote: tuple[int, int], worth: Worth, sources: Sources) -> str:
    judged = round(float(worth.judgments[vote[0]]))
    known = f"known from {judged:,} items only" if judged else "and nobody knows how often it is right"
    return (
        f"{_vote(vote, sources)}; how often it is right is {known}"
        if judged
        else f"{_vote(vote, sources)}, {known}"
    )


def _vote(vote: tuple[int, int], sources: Sources) -> str:
    source, label = vote
    titles = {one["value"]: one.get("title") or one["value"] for one in sources.question.get("labels", ())}
    value = sources.labels[label]
    return f"“{_name(source, sources)}” says {titles.get(value, value)}"


def _name(source: int, sources: Sources) -> str:
    if source < len(sources.versions):
        return sources.versions[source].function.name
    return sources.beside[source - len(sources.versions)].title
