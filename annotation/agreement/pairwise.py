"""Agreement of every two sources, as a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from annotation.agreement.bootstrap import ROOM
from annotation.agreement.cohen import kappas
from annotation.agreement.judgments import IntArray, Judgments
from annotation.agreement.measure import Coefficient
from annotation.agreement.pairs import Tables, tables
from annotation.agreement.registry import COEFFICIENTS
from annotation.agreement.tally import FloatArray, tally
from annotation.agreement.weighting import scores

# Labels and pairs of labels whose sums over a pair of sources are still computed for many pairs at once.
WIDEST = 8000


@dataclass(frozen=True, eq=False)
class Pairwise:
    """Symmetric, shape (n_sources, n_sources); `value` is 0 where not `defined`, and 1 on the diagonal."""

    value: FloatArray
    defined: npt.NDArray[np.bool_]
    n_items: IntArray

    def between(self, first: int, second: int) -> float | None:
        return float(self.value[first, second]) if self.defined[first, second] else None


def pairwise(judgments: Judgments, coefficient: str) -> Pairwise:
    """A coefficient for every two sources that share an item; n_items on the diagonal are those that the source judged.

    Raises ValueError when it is not meant for the judgments' level, KeyError when there is no such coefficient.
    """
    chosen = COEFFICIENTS[coefficient]
    if judgments.level not in chosen.levels:
        raise ValueError(f"{chosen.title} is not meant for the {judgments.level} level")
    found = tables(judgments)
    n_items = np.bincount(found.pair, weights=found.times, minlength=found.n_pairs).astype(np.float64)
    if chosen.weighting:
        value = kappas(found, chosen.weighting, scores(judgments, found.label)).kappa
    else:
        value = _in_pieces(judgments, chosen, found)
    return _matrix(judgments, found, value, n_items)


def _matrix(judgments: Judgments, found: Tables, value: FloatArray, n_items: FloatArray) -> Pairwise:
    n, known = judgments.n_sources, ~np.isnan(value)
    places = np.concatenate([found.first, found.second]), np.concatenate([found.second, found.first])
    values, defined, items = np.eye(n), np.eye(n, dtype=bool), np.zeros((n, n), dtype=np.int64)
    values[places] = np.tile(np.where(known, value, 0.0), 2)
    defined[places] = np.tile(known, 2)
    items[places] = np.tile(n_items.astype(np.int64), 2)
    np.fill_diagonal(items, np.bincount(judgments.source, minlength=n))
    return Pairwise(values, defined, items)


def _in_pieces(judgments: Judgments, coefficient: Coefficient, found: Tables) -> FloatArray:
    """The coefficient's formula, given the sums of each pair instead of those of each resample."""
    k = len(found.label)
    width = k * (k + 1) // 2 + 3
    cells = ROOM // width if width <= WIDEST else WIDEST // 4
    starts = np.searchsorted(found.pair, np.arange(found.n_pairs + 1))
    values, pair = [np.zeros(0)], 0
    while pair < found.n_pairs:
        # As many pairs as have so few cells, but at least one.
        last = max(int(np.searchsorted(starts, starts[pair] + cells, side="right")) - 1, pair + 1)
        values.append(_piece(judgments, coefficient, found, pair, last))
        pair = last
    return np.concatenate(values)


def _piece(
    judgments: Judgments, coefficient: Coefficient, found: Tables, start: int, stop: int
) -> FloatArray:
    """A cell stands for items with two judgments, and its items are taken together with those of equal cells."""
    cells = slice(*np.searchsorted(found.pair, [start, stop]).tolist())
    pair, times = found.pair[cells] - start, found.times[cells]
    said = found.label[np.concatenate([found.said[cells], found.replied[cells]])]
    counted = tally(np.tile(np.arange(len(pair)), 2), said, len(pair), len(judgments.values))
    plan = coefficient.plan(judgments, counted.weighted(times))
    if not plan.anywhere and stop - start > 1:
        middle = (start + stop) // 2
        halves = (start, middle), (middle, stop)
        return np.concatenate([_piece(judgments, coefficient, found, *half) for half in halves])
    shape = (stop - start, len(counted.times))
    deal = sparse.coo_array((times, (pair, counted.pattern)), shape=shape).tocsr()
    return plan.formula(*(_dense(deal @ part) for part in plan.parts))


def _dense(matrix: Any) -> FloatArray:
    found: FloatArray = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)
    return found
