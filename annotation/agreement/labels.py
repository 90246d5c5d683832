"""Agreement label by label, and which labels are taken for each other."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from annotation.agreement import setdistance
from annotation.agreement.judgments import IntArray, Judgments
from annotation.agreement.ratio import chance_corrected, ratio
from annotation.agreement.tally import FloatArray, Tally


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """`n_judgments` that said the label, on `n_items`; only items with two judgments or more count.

    `specific`: where one person said it, how often another did, too. `alpha`: Krippendorff's, for this label against all
    others; None where every judgment said it.
    """

    label: Hashable
    specific: float
    alpha: float | None
    n_judgments: int
    n_items: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """`count` pairs of judgments of one item said the one and the other; `rate` is their share of the pairs with either."""

    first: Hashable
    second: Hashable
    count: int
    rate: float
    n_items: int


def per_label(judgments: Judgments) -> list[LabelAgreement]:
    """Every label that occurs on items with two judgments, in the order of the values; of sets, their members.

    Specific agreement is Fleiss' (1981) for items with any numbers of judgments.
    """
    tally = judgments.tally.pairable
    counts, labels = _said(judgments, tally)
    coo = counts.tocoo()
    m, times = tally.given[coo.row], tally.times[coo.row]

    def total(data: FloatArray) -> FloatArray:
        return np.bincount(coo.col, weights=times * data, minlength=len(labels)).astype(np.float64)

    said, n = total(coo.data), np.full(len(labels), float(tally.n_judgments))
    specific = ratio(total(coo.data * (coo.data - 1) / (m - 1)), said)
    observed = total(2 * coo.data * (m - coo.data) / (m - 1))
    alpha = chance_corrected(observed, 2 * said * (n - said), n)
    items = total(np.ones(len(m)))
    return [
        LabelAgreement(
            label,
            float(specific[i]),
            None if np.isnan(alpha[i]) else float(alpha[i]),
            int(said[i]),
            int(items[i]),
        )
        for i, label in enumerate(labels)
    ]


def confusions(judgments: Judgments, k: int = 10) -> list[Confusion]:
    """The k pairs of different values that judgments of one item said most often; of sets, whole sets."""
    tally = judgments.tally.pairable
    both = sparse.triu(_together(tally, tally.counts), k=1).tocoo()
    items = _together(tally, (tally.counts > 0).astype(np.float64)).tocsr()
    touching = (tally.times * np.maximum(tally.given - 1, 0)) @ tally.counts
    squares = tally.counts.multiply(tally.counts).tocsr()
    same = (tally.times @ squares - tally.margin) / 2
    top = np.lexsort((both.col, both.row, -both.data))[:k]
    found = []
    for a, b, count in zip(both.row[top], both.col[top], both.data[top], strict=True):
        # Pairs with a, and pairs with b, less those with both, which are counted twice; a pair of equals is, too.
        either = touching[a] - same[a] + touching[b] - same[b] - count
        names = judgments.values[tally.label[a]], judgments.values[tally.label[b]]
        found.append(Confusion(*names, int(count), float(count / either), int(items[a, b])))
    return found


def items_with(judgments: Judgments, first: int, second: int) -> IntArray:
    """The items that some judgment gave the value of index `first` and some other that of `second`."""
    said = [judgments.item[judgments.value == value] for value in (first, second)]
    found: IntArray = np.intersect1d(*said)
    return found


def _together(tally: Tally, counts: Any) -> Any:
    return counts.T @ sparse.diags_array(tally.times.astype(np.float64)) @ counts


def _said(judgments: Judgments, tally: Tally) -> tuple[Any, list[Any]]:
    """How many judgments of each pattern said each label, CSR (n_patterns, n_labels)."""
    values = [judgments.values[index] for index in tally.label]
    if judgments.level != "set":
        return tally.counts, values
    matrix, labels = setdistance.members(values)
    return (tally.counts @ matrix).tocsr(), labels
