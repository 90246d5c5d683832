"""The coefficients word for word as their definitions read, one loop for each sum; slow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import combinations, permutations
from typing import Any

from annotation.agreement import Judgments

Distance = Callable[[Any, Any], float]


def by_item(judgments: Judgments) -> list[list[int]]:
    found: dict[int, list[int]] = {}
    for item, value in zip(judgments.item.tolist(), judgments.value.tolist(), strict=True):
        found.setdefault(item, []).append(value)
    return list(found.values())


def distance(judgments: Judgments) -> Distance:
    """Krippendorff's, of the level, between indices of values."""
    counts = Counter(value for said in by_item(judgments) if len(said) > 1 for value in said)

    def ordinal(a: int, b: int) -> float:
        low, high = sorted((a, b))
        return (sum(counts[g] for g in range(low, high + 1)) - (counts[a] + counts[b]) / 2) ** 2

    values = judgments.values
    return {
        "nominal": lambda a, b: float(a != b),
        "ordinal": ordinal,
        "interval": lambda a, b: (values[a] - values[b]) ** 2,
        "set": lambda a, b: float(a != b),
    }[judgments.level]


def jaccard(judgments: Judgments) -> Distance:
    def found(a: int, b: int) -> float:
        one, other = judgments.values[a], judgments.values[b]
        return 1 - len(one & other) / len(one | other)

    return found


def masi(judgments: Judgments) -> Distance:
    def found(a: int, b: int) -> float:
        one, other = judgments.values[a], judgments.values[b]
        monotony = (
            1 if one == other else 2 / 3 if one <= other or other <= one else 1 / 3 if one & other else 0
        )
        return 1 - len(one & other) / len(one | other) * monotony

    return found


def alpha(judgments: Judgments, apart: Distance) -> float | None:
    items = [said for said in by_item(judgments) if len(said) > 1]
    everything = [value for said in items for value in said]
    observed = sum(apart(a, b) / (len(said) - 1) for said in items for a, b in permutations(said, 2))
    expected = sum(apart(a, b) for a, b in permutations(everything, 2)) / max(len(everything) - 1, 1)
    return 1 - observed / expected if expected else None


def gwet(judgments: Judgments, weight: Distance) -> float | None:
    """AC1 or AC2 by the weights of agreement."""
    q, items = len(judgments.values), by_item(judgments)
    several = [said for said in items if len(said) > 1]
    agree = sum(
        sum(weight(a, b) for a, b in permutations(said, 2)) / (len(said) * (len(said) - 1))
        for said in several
    ) / len(several)
    shares = [sum(said.count(k) / len(said) for said in items) / len(items) for k in range(q)]
    total = sum(weight(a, b) for a in range(q) for b in range(q))
    chance = total / (q * (q - 1)) * sum(share * (1 - share) for share in shares)
    return (agree - chance) / (1 - chance)


def fleiss(judgments: Judgments) -> float | None:
    items = by_item(judgments)
    several = [said for said in items if len(said) > 1]
    agree = sum(
        sum(a == b for a, b in permutations(said, 2)) / (len(said) * (len(said) - 1)) for said in several
    ) / len(several)
    shares = [
        sum(said.count(k) / len(said) for said in items) / len(items) for k in range(len(judgments.values))
    ]
    chance = sum(share**2 for share in shares)
    return (agree - chance) / (1 - chance) if chance < 1 - 1e-12 else None


def mean_over_pairs(
    judgments: Judgments, kappa: Callable[[list[int], list[int]], float | None]
) -> float | None:
    """Weighted by shared items, over the pairs that have one."""
    rows = zip(judgments.source.tolist(), judgments.item.tolist(), judgments.value.tolist(), strict=True)
    answers: dict[int, dict[int, int]] = {}
    for source, item, value in rows:
        answers.setdefault(source, {})[item] = value
    total = n = 0.0
    for one, other in combinations(answers.values(), 2):
        shared = one.keys() & other.keys()
        found = kappa([one[item] for item in shared], [other[item] for item in shared]) if shared else None
        if found is not None:
            total, n = total + found * len(shared), n + len(shared)
    return total / n if n else None
