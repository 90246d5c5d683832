"""How good predictions are, as plain figures with intervals, ready to be stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, issparse

from active.learners.intervals import Estimate, of_draws, of_mean, wilson
from active.learners.losses_by_row import brier, log_losses, right
from active.learners.types import FloatArray, IntArray, Kind, Targets

Counts = NDArray[np.int64]
DRAWS, BINS = 300, 15


@dataclass(frozen=True)
class LabelScore:
    """How one label fares; 0 where there is nothing to divide by."""

    label: int
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Scores:
    """Scores of predictions on `n` items. Where targets are soft, the likeliest label counts as the right one."""

    kind: Kind
    n: int
    accuracy: Estimate  # of sets: items with all labels right
    macro_f1: Estimate  # mean over labels that are right or predicted somewhere
    log_loss: Estimate  # in nats, against the soft targets; of sets the mean over labels
    brier: Estimate
    # How far confidence and accuracy are apart, on average, in [0, 1].
    calibration_error: float
    labels: list[LabelScore]  # those with support or predictions
    confusion: list[tuple[int, int, int]]  # (right, predicted, count) where there are any; empty for sets
    more: Mapping[str, Estimate] = field(
        default_factory=dict
    )  # set: micro_f1; ordinal: absolute_error, within_one


def evaluate(kind: Kind, probabilities: FloatArray, targets: Targets, *, seed: int = 0) -> Scores:
    """Score probabilities (n, k) against targets (n, k). Raises ValueError when there is no item, or shapes differ."""
    if probabilities.shape != targets.shape or len(probabilities) == 0:
        raise ValueError(
            f"probabilities and targets must be of the same items, at least one: {probabilities.shape}, {targets.shape}"
        )
    counts = cells_of_sets(probabilities, targets) if kind == "set" else cells(probabilities, targets)
    hits = right(kind, probabilities, targets)
    estimate = wilson(float(hits.sum()), len(hits))
    return Scores(
        kind=kind,
        n=len(hits),
        accuracy=estimate,
        macro_f1=macro_f1(counts, len(hits), seed),
        log_loss=of_mean(log_losses(kind, probabilities, targets)),
        brier=of_mean(brier(kind, probabilities, targets)),
        calibration_error=calibration_error(*confidences(kind, probabilities, targets, hits)),
        labels=label_scores(counts),
        confusion=counts.confusion,
        more=more(kind, probabilities, targets, counts),
    )


@dataclass(frozen=True, eq=False)
class Tally:
    """Kinds of rows (of sets: of cells), how often each came, and which labels it counts for."""

    count: Counts  # (kinds,)
    hit: csr_array  # (kinds, k): right and predicted
    true: csr_array  # (kinds, k): right
    said: csr_array  # (kinds, k): predicted
    confusion: list[tuple[int, int, int]]

    def of(self, count: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
        """How often each label was hit, right and said, (..., k)."""
        return tuple(count @ each for each in (self.hit, self.true, self.said))


def cells(probabilities: FloatArray, targets: Targets) -> Tally:
    """One kind of rows for each pair of right and predicted label that occurs."""
    n_labels = probabilities.shape[1]
    truth = np.asarray(targets.argmax(axis=1)).ravel().astype(np.int64)
    pairs, count = np.unique(truth * n_labels + probabilities.argmax(axis=1), return_counts=True)
    true, said = pairs // n_labels, pairs % n_labels
    hit = true == said
    confusion = [(int(t), int(s), int(c)) for t, s, c in zip(true, said, count, strict=True)]
    return Tally(
        count, indicator(true, n_labels, hit), indicator(true, n_labels), indicator(said, n_labels), confusion
    )


def indicator(label: Counts, n_labels: int, where: NDArray[np.bool_] | None = None) -> csr_array:
    rows = np.arange(len(label)) if where is None else np.flatnonzero(where)
    ones = np.ones(len(rows))
    return csr_array(coo_array((ones, (rows, label[rows])), shape=(len(label), n_labels)))


def cells_of_sets(probabilities: FloatArray, targets: Targets) -> Tally:
    """One kind for each item: its labels are drawn together."""
    dense = targets.toarray() if issparse(targets) else np.asarray(targets)
    true, said = dense >= 0.5, probabilities >= 0.5
    hit, has, gives = (csr_array(some.astype(float)) for some in (true & said, true, said))
    return Tally(np.ones(len(dense), dtype=np.int64), hit, has, gives, [])


def f1(hit: FloatArray, true: FloatArray, said: FloatArray) -> FloatArray:
    """Harmonic mean of precision and recall; 0 where both are."""
    return np.asarray(2.0 * hit / np.maximum(true + said, 1.0))


def macro_f1(counts: Tally, rows: int, seed: int) -> Estimate:
    """Mean over labels that occur; interval by drawing rows again."""

    def mean(count: Any) -> FloatArray:
        hit, true, said = counts.of(count)
        occur = ((true + said) > 0).sum(axis=-1)
        return np.asarray(f1(hit, true, said).sum(axis=-1) / np.maximum(occur, 1))

    rng, chance, draws = np.random.default_rng(seed), counts.count / counts.count.sum(), np.empty(DRAWS)
    for draw in range(DRAWS):
        draws[draw] = mean(rng.multinomial(rows, chance).astype(float))
    return of_draws(float(mean(counts.count.astype(float))), draws)


def label_scores(counts: Tally) -> list[LabelScore]:
    hit, true, said = counts.of(counts.count.astype(float))
    precision, recall, both = hit / np.maximum(said, 1), hit / np.maximum(true, 1), f1(hit, true, said)
    return [
        LabelScore(int(k), float(precision[k]), float(recall[k]), float(both[k]), int(true[k]))
        for k in np.flatnonzero(true + said)
    ]


def confidences(
    kind: Kind, probabilities: FloatArray, targets: Targets, hits: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Confidence of each claim, and whether it is true: of the likeliest label, or of every label of a set."""
    if kind != "set":
        return probabilities.max(axis=1), hits
    dense = targets.toarray() if issparse(targets) else np.asarray(targets)
    return probabilities.ravel(), (dense >= 0.5).astype(np.float64).ravel()


def calibration_error(confidence: FloatArray, true: FloatArray) -> float:
    """Mean distance of confidence and share of true claims over equally filled bins (Naeini 2015; Nguyen & O'Connor 2015)."""
    order = np.argsort(confidence, kind="stable")
    bins = [b for b in np.array_split(order, min(BINS, max(len(order) // 10, 1))) if len(b)]
    gaps = [len(b) * abs(float(confidence[b].mean(dtype=np.float64)) - float(true[b].mean())) for b in bins]
    return float(sum(gaps) / len(order))


def more(kind: Kind, probabilities: FloatArray, targets: Targets, counts: Tally) -> dict[str, Estimate]:
    """What only sets, or only ordered labels, have."""
    if kind == "set":
        return {"micro_f1": micro_f1(counts)}
    if kind == "single":
        return {}
    distance = distances(probabilities.argmax(axis=1), targets)
    return {
        "absolute_error": of_mean(distance),
        "within_one": wilson(float((distance <= 1).sum()), len(distance)),
    }


def micro_f1(counts: Tally) -> Estimate:
    """Over all labels together; interval by leaving out each item (jackknife, Quenouille 1956)."""
    hit, true, said = (each.sum(axis=1) for each in (counts.hit, counts.true, counts.said))
    value = float(f1(hit.sum(), true.sum(), said.sum()))
    without = f1(hit.sum() - hit, true.sum() - true, said.sum() - said)
    half = 1.96 * float(np.sqrt((len(hit) - 1) * without.var()))
    return Estimate(value, max(value - half, 0.0), min(value + half, 1.0))


def distances(said: IntArray, targets: Targets) -> FloatArray:
    """Steps between the predicted and the right label, (n,)."""
    truth = np.asarray(targets.argmax(axis=1)).ravel()
    return np.asarray(np.abs(said.astype(np.float64) - truth))
