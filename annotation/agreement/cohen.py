"""Cohen's kappa for two sources (Cohen 1960), weighted by distance (Cohen 1968), and its mean over pairs of sources.

A pair's kappa is 1 - n · D / E: D the distances of its n shared items, E those of each answer of the one with each of
the other. The mean weighs a pair by the items that it shares (equally, where all judge all: Light 1971) and leaves out
pairs without a kappa.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from annotation.agreement.bootstrap import ROOM, Plan, fits
from annotation.agreement.judgments import Judgments
from annotation.agreement.pairs import Tables, meetings, tables
from annotation.agreement.ratio import one_minus, ratio
from annotation.agreement.tally import FloatArray, IntArray, Tally
from annotation.agreement.weighting import LINEAR, QUADRATIC, UNWEIGHTED, Weighting, scores


@dataclass(frozen=True, eq=False)
class Kappas:
    """Of each pair, shape (n_pairs,): `kappa`, NaN where undefined, and the items `n` that it rests on.

    `pull`, shape (n_cells,), is what one more item in a cell adds to the sum of n · kappa, to first order.
    """

    kappa: FloatArray
    n: FloatArray
    pull: FloatArray


def unweighted(judgments: Judgments, tally: Tally) -> Plan:
    """Any two different values are as far apart."""
    return _mean(judgments, tally, UNWEIGHTED)


def linear(judgments: Judgments, tally: Tally) -> Plan:
    """Distance |a - b|, of places for labels in an order."""
    return _mean(judgments, tally, LINEAR)


def quadratic(judgments: Judgments, tally: Tally) -> Plan:
    """Distance (a - b)², of places for labels in an order."""
    return _mean(judgments, tally, QUADRATIC)


def kappas(found: Tables, weighting: Weighting, score: FloatArray) -> Kappas:
    """Kappa of every pair of sources."""
    step = max(1, ROOM // (4 * max(len(found.label), 1)))
    pieces = []
    for start in range(0, found.n_pairs, step):
        n_pairs = min(step, found.n_pairs - start)
        first, last = np.searchsorted(found.pair, [start, start + n_pairs])
        pieces.append(_piece(found, slice(first, last), start, n_pairs, weighting, score))
    if not pieces:
        return Kappas(np.zeros(0), np.zeros(0), np.zeros(0))
    return Kappas(*(np.concatenate(column) for column in zip(*pieces, strict=True)))


def _piece(
    found: Tables, cells: slice, start: int, n_pairs: int, weighting: Weighting, score: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    pair, said, replied = found.pair[cells] - start, found.said[cells], found.replied[cells]
    times, shape = found.times[cells], (n_pairs, len(score))
    distance = weighting.distance(said, replied, score)
    n = np.bincount(pair, weights=times, minlength=n_pairs).astype(np.float64)
    apart = np.bincount(pair, weights=times * distance, minlength=n_pairs).astype(np.float64)
    first = sparse.coo_array((times, (pair, said)), shape=shape).toarray()
    to_first = weighting.to_all(sparse.coo_array((times, (pair, replied)), shape=shape).toarray(), score)
    to_second = weighting.to_all(first, score)
    expected = np.einsum("pk,pk->p", first, to_first)
    kappa = one_minus(n * apart, expected)
    rest = ratio(np.ones(n_pairs), expected)
    grows = to_first[pair, said] + to_second[pair, replied]
    slope = ((1 - kappa) * rest)[pair] * grows - rest[pair] * (n[pair] * distance + apart[pair])
    return kappa, n, np.nan_to_num(kappa[pair] + n[pair] * slope)


def _mean(judgments: Judgments, tally: Tally, weighting: Weighting) -> Plan:
    found = tables(judgments)
    score = scores(judgments, found.label)
    width = found.n_pairs * (2 + 2 * len(score))
    alone = tally.one_by_one()
    if fits(alone, width):
        return _exact(judgments, alone, found, weighting, score)
    every = kappas(found, weighting, score)
    sums = _per_item(judgments, alone, found, every)

    def formula(sums: FloatArray) -> FloatArray:
        return ratio(sums[:, 0], sums[:, 1])

    return Plan(alone, (sums,), formula, anywhere=False)


def _exact(
    judgments: Judgments, tally: Tally, found: Tables, weighting: Weighting, score: FloatArray
) -> Plan:
    """All tables' margins as sums over items, for not too many pairs and labels."""
    k, row = len(score), _rows(judgments, tally)
    width = 2 + 2 * k
    parts: list[Any] = []
    for met in meetings(judgments):
        base = found.pair_of(met.first, met.second) * width
        columns = [base, base + 1, base + 2 + met.said, base + 2 + k + met.replied]
        one = np.ones(len(base))
        data = [one, weighting.distance(met.said, met.replied, score), one, one]
        place = (np.tile(row[met.item], 4), np.concatenate(columns))
        shape = (tally.n_items, found.n_pairs * width)
        parts.append(sparse.coo_array((np.concatenate(data), place), shape=shape).tocsr())

    def formula(sums: FloatArray) -> FloatArray:
        margins = sums.reshape(len(sums), found.n_pairs, width)
        n, apart, first, second = np.split(margins, [1, 2, 2 + k], axis=2)
        expected = np.einsum("bpk,bpk->bp", first, weighting.to_all(second, score))
        kappa = one_minus(n[..., 0] * apart[..., 0], expected)
        known = ~np.isnan(kappa)
        return ratio((n[..., 0] * np.nan_to_num(kappa)).sum(axis=1), (n[..., 0] * known).sum(axis=1))

    return Plan(tally, (sum(parts[1:], parts[0]),), formula)


def _per_item(judgments: Judgments, tally: Tally, found: Tables, every: Kappas) -> FloatArray:
    """What each item adds to the sum of n · kappa, and to that of n over pairs with a kappa; shape (n_items, 2)."""
    row, known = _rows(judgments, tally), ~np.isnan(every.kappa)
    sums = np.zeros((tally.n_items, 2))
    for met in meetings(judgments):
        cell = found.cell_of(met)
        items = row[met.item]
        for column, weight in enumerate((every.pull[cell], known[found.pair[cell]])):
            sums[:, column] += np.bincount(items, weights=weight, minlength=tally.n_items)
    return sums


def _rows(judgments: Judgments, tally: Tally) -> IntArray:
    row = np.zeros(judgments.n_items, dtype=np.int64)
    row[tally.item] = np.arange(tally.n_items)
    return row
