"""The live experiment: two strategies chose half of every batch each; what have the labels of either taught?

Two models learn from everything that neither chose, each with the labels of one strategy beside it, equally many, and are
judged on the same items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from active.learners import Comparison, Fit, compare
from active.models import LearningSettings, Round, Selection
from active.names import STRATEGIES
from active.services.judging import kind_of, round_off

if TYPE_CHECKING:
    from active.services.training import Examples

Ints = npt.NDArray[np.int64]
# Fewer labels of either strategy than this tell nothing.
LEAST = 20
# Differences are told for so many labels.
PER = 1000


def figures(round: Round, settings: LearningSettings, examples: Examples, learner: str) -> dict[str, Any]:
    """{"rivals": ...} with the difference for a thousand labels and its interval; {} without a rival or too few labels."""
    if not round.rival:
        return {}
    ours, theirs = (_chosen_by(round, strategy, examples) for strategy in (round.strategy, round.rival))
    size = min(len(ours), len(theirs))
    if size < LEAST:
        return {"rivals": _too_few(round, len(ours), len(theirs))}
    options = settings.learner_options if learner == settings.learner else {}
    compared = _compared(examples.fit_of(learner, options), examples, ours[:size], theirs[:size])
    if compared is None:
        return {"rivals": _too_few(round, len(ours), len(theirs))}
    scale = PER / size
    by = compared.accuracy
    value, low, high = (round_off(scale * number) for number in (by.value, by.low, by.high))
    return {
        "rivals": {
            "strategies": [round.strategy, round.rival],
            "difference": value,
            "low": low,
            "high": high,
            "labels": [len(ours), len(theirs)],
            "sentence": _sentence(round, value, low, high, size, compared.n),
        }
    }


def _chosen_by(round: Round, strategy: str, examples: Examples) -> Ints:
    """Rows of the labeled items that this strategy chose, the first of them first."""
    mine = Selection.objects.filter(
        round__project=round.project_id, round__question=round.question, round__rival__gt="",
        kind=Selection.Kind.NEW, strategy=strategy, published=True,
    )  # fmt: skip
    items = np.array(list(mine.order_by("pk").values_list("item", flat=True)), dtype=np.int64)
    place = {int(item): row for row, item in enumerate(examples.labeled.items)}
    rows = [place[item] for item in dict.fromkeys(items.tolist()) if item in place]
    return np.array(rows, dtype=np.int64)


def _compared(fit: Fit, examples: Examples, ours: Ints, theirs: Ints) -> Comparison | None:
    """Both models on the holdout, or on a third of the items that no strategy chose and neither learns from."""
    labeled = examples.labeled
    shared = np.setdiff1d(np.flatnonzero(labeled.drawn), np.concatenate([ours, theirs]))
    if examples.has_holdout:
        features, targets = examples.holdout_features, examples.holdout.targets
    else:
        tested = np.random.default_rng(0).permutation(shared)[: len(shared) // 3]
        shared = np.setdiff1d(shared, tested)
        features, targets = examples.features[tested], labeled.targets[tested]
    if len(features) < LEAST:
        return None
    predicted = []
    for chosen in (ours, theirs):
        some = labeled.at(rows := np.concatenate([shared, chosen]))
        if some.kind != "set" and some.used < 2:
            return None
        model = fit(examples.features[rows], some.targets, kind=kind_of(some), weights=some.weights)
        predicted.append(np.asarray(model.predict(features)))
    return compare(kind_of(labeled), predicted[0], predicted[1], targets)


def _too_few(round: Round, ours: int, theirs: int) -> dict[str, Any]:
    return {
        "strategies": [round.strategy, round.rival],
        "labels": [ours, theirs],
        "sentence": f"It takes {LEAST} labels of each strategy to compare them; there are {ours} and {theirs}.",
    }


def _sentence(round: Round, value: float, low: float, high: float, size: int, judged: int) -> str:
    first, second = (
        STRATEGIES[name].title if name in STRATEGIES else name for name in (round.strategy, round.rival)
    )
    told = (
        f"{first} against {second}: {100 * value:+.1f} points of accuracy for {PER:,} labels "
        f"({100 * low:+.1f} to {100 * high:+.1f}), by {size:,} labels of each, judged on {judged:,} items"
    )
    if low > 0:
        return f"{told}: {first} is better."
    if high < 0:
        return f"{told}: {second} is better."
    return f"{told}: too little to tell from chance yet."
