"""What a run of a label model for functions says of itself, as JSON that pages, REST and metrics read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelmodel.services import weak_figures, weak_fitting
from labelmodel.services.weak_fitting import Learned
from labelmodel.services.weak_honest import Honest
from labelmodel.services.weak_labeled import Labeled
from labelmodel.services.weak_votes import Some, Sources

if TYPE_CHECKING:
    from labelmodel.services.weak_run import Published


def metrics(
    sources: Sources, some: Some, labeled: Labeled, learned: Learned, honest: Honest,
    counts: weak_figures.Counts, published: Published, given: Any,
) -> dict[str, Any]:  # fmt: skip
    """`some` are the items that the model was fitted to, `labeled` those of them that people labeled."""
    covered = max(counts.covered, 1)
    without = weak_fitting.without_votes(learned.parameters, is_set=sources.is_set)
    claims = max(int(published.histogram.sum()), 1)
    return {
        "is_set": sources.is_set,
        "items": counts.items,
        "covered": counts.covered,
        "coverage": _share(counts.covered, counts.items),
        "overlap": _share(counts.overlapping, counts.items),
        "conflict": _share(counts.conflicting, counts.items),
        "conflict_of_overlap": _share(counts.conflicting, counts.overlapping),
        "votes_by_item": round(float(counts.by_label.sum()) / covered, 3),
        "mean_confidence": round(published.confidence, 4),
        "confidences": published.histogram.tolist(),
        "shares": _by_label(sources.labels, published.mass.tolist()),
        "without_votes": _by_label(sources.labels, without),
        "class_balance": "given" if isinstance(given, dict) else given or "estimated",
        "converged": learned.converged,
        "fitted_to": len(some),
        "judged": honest.judged,
        "precisions": [
            row | {"share": round(int(published.taken[at]) / claims, 4)}
            for at, row in enumerate(honest.precisions)
        ],
        "sources": _sources(sources, some, labeled, learned, counts),
        "dependent": _dependent(sources, some, learned),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0


def _by_label(labels: list[str], values: list[float]) -> dict[str, float]:
    return {label: round(float(value), 4) for label, value in zip(labels, values, strict=True)}


def _sources(
    sources: Sources, some: Some, labeled: Labeled, learned: Learned, counts: weak_figures.Counts
) -> list[dict[str, Any]]:
    mine = some.at(np.searchsorted(some.items, np.sort(labeled.items)))
    on_labeled = weak_figures.on_labeled(mine, labeled, sources.count)
    votes = counts.by_label.sum(axis=1)
    return [
        _named(number, key, sources)
        | {
            "votes": int(votes[number]),
            "coverage": _share(int(votes[number]), counts.items),
            "overlaps": _share(int(counts.beside[number]), counts.items),
            "conflicts": _share(int(counts.against[number]), counts.items),
            "by_label": {
                label: int(count)
                for label, count in zip(sources.labels, counts.by_label[number], strict=True)
                if count
            },
            "estimated": {
                "accuracy": round(float(learned.accuracy[number]), 4),
                "low": round(float(learned.low[number]), 4),
                "high": round(float(learned.high[number]), 4),
                "judgments": round(float(learned.judgments[number]), 1),
            },
            "labeled": on_labeled[number],
        }
        for number, key in enumerate(sources.keys)
    ]


def _named(number: int, key: int | str, sources: Sources) -> dict[str, Any]:
    if number < len(sources.versions):
        version = sources.versions[number]
        return {
            "key": key,
            "function": version.function_id,
            "name": version.function.name,
            "number": version.number,
        }
    return {
        "key": key,
        "function": None,
        "name": sources.beside[number - len(sources.versions)].title,
        "number": None,
    }


def _dependent(sources: Sources, some: Some, learned: Learned) -> list[dict[str, Any]]:
    keys = sources.keys
    found = weak_figures.pairs(some, sources.count, len(sources.labels), learned.accuracy)
    names = [_named(number, key, sources)["name"] for number, key in enumerate(keys)]
    return [
        one | {"a": keys[one["a"]], "b": keys[one["b"]], "names": [names[one["a"]], names[one["b"]]]}
        for one in found
    ]
