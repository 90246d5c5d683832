"""Score one shard of the pool with a round's model, and keep its best candidates and a uniform sample of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from active.acquisition import ACQUISITIONS, COMMITTEES, ROWWISE, Pool
from active.acquisition.margin import closeness
from active.models import RoundShard
from active.services import artifacts, copying, embeddings
from active.services.artifacts import Predictor
from active.services.candidates import BINS, Candidates

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
# Probabilities held at once: rows times labels.
CELLS_AT_ONCE = 8_000_000
MOST_ROWS_AT_ONCE = 32_768
# How many of the pool's items strategies look at that compare items with each other: of the best by score, so many
# times as many as are chosen; and a uniform sample of this size.
BEST_PER_CHOSEN = 30
SAMPLE = 6_000

_OPEN = """
SELECT id FROM annotation_item
WHERE project_id = %(project)s AND id BETWEEN %(first)s AND %(last)s
  AND state = 'open' AND open_slots > 0 AND answers = 0 AND wanted > 0 AND role = 'pool'
ORDER BY id
"""


def score(shard: RoundShard) -> tuple[bytes, int]:
    """(candidates as bytes, how many items were scored)."""
    round = shard.round
    opened = embeddings.opened(shard.shard)
    rows = _open_rows(round.project_id, shard, np.asarray(opened.items))
    predictor = artifacts.load(round.model) if round.model else None
    found = _found(
        opened.items,
        opened.vectors,
        rows,
        predictor,
        strategies=[name for name in (round.strategy, round.rival) if name],
        keep=BEST_PER_CHOSEN * round.batch,
        sample=_share_of_sample(shard, len(rows)),
        rng=np.random.default_rng([round.pk, shard.shard_id]),
    )
    return found.to_bytes(), len(rows)


def _open_rows(project_id: int, shard: RoundShard, items: Ints) -> Ints:
    """Positions in the shard of the items that nobody has answered and somebody may get."""
    scope = {"project": project_id, "first": shard.shard.first_item, "last": shard.shard.last_item}
    return np.flatnonzero(np.isin(items, copying.ids(_OPEN, scope), assume_unique=True))


def _share_of_sample(shard: RoundShard, open_rows: int) -> int:
    """How much of the sample this shard contributes, so that all shards together make a uniform one."""
    total = sum(shard.round.shards.values_list("shard__rows", flat=True)) or 1
    fair = max(SAMPLE, 4 * shard.round.batch) * shard.shard.rows / total
    # Of the open items of a shard, the same part as of any other.
    return min(
        open_rows, int(np.ceil(fair * open_rows / max(1, shard.shard.rows))) if total > SAMPLE else open_rows
    )


def _found(
    items: Ints,
    vectors: npt.NDArray[np.float16],
    rows: Ints,
    predictor: Predictor | None,
    *,
    strategies: list[str],
    keep: int,
    sample: int,
    rng: np.random.Generator,
) -> Candidates:
    drawn = np.sort(rng.choice(len(rows), size=min(sample, len(rows)), replace=False))
    if predictor is None:
        return _kept(items, vectors, rows, np.zeros(len(rows), dtype=np.float32), drawn, [])
    scores, counts, predicted = _scores(vectors, rows, predictor, strategies, rng)
    best = [top(column, keep) for column in scores]
    kept = _kept(items, vectors, rows, scores[0], drawn, best)
    return Candidates(
        *(kept.items, kept.vectors, kept.score, kept.drawn, kept.best), len(rows), counts, predicted
    )


def _kept(
    items: Ints,
    vectors: npt.NDArray[np.float16],
    rows: Ints,
    score: Floats,
    drawn: Ints,
    best: list[Ints],
) -> Candidates:
    among_best = np.unique(np.concatenate([*best, np.zeros(0, dtype=np.int64)]))
    chosen = np.union1d(drawn, among_best)
    places = rows[chosen]
    return Candidates(
        np.asarray(items[places], dtype=np.int64),
        np.asarray(vectors[places]),
        score[chosen],
        np.isin(chosen, drawn),
        np.isin(chosen, among_best),
        len(rows),
    )


def top(score: Floats, n: int) -> Ints:
    """Positions of the n highest, in no order."""
    if n >= len(score):
        return np.arange(len(score))
    return np.argpartition(-score, n)[:n]


def _scores(
    vectors: npt.NDArray[np.float16],
    rows: Ints,
    predictor: Predictor,
    strategies: list[str],
    rng: np.random.Generator,
) -> tuple[list[Floats], Ints, Ints]:
    """The scores of the open rows, one array for each way of scoring; their histogram; the labels predicted."""
    ways = list(dict.fromkeys(name if name in ROWWISE else "margin" for name in strategies))
    scores = [np.empty(len(rows), dtype=np.float32) for _ in ways]
    counts = np.zeros(BINS, dtype=np.int64)
    predicted = np.zeros(predictor.n_labels, dtype=np.int64)
    block = max(1, min(MOST_ROWS_AT_ONCE, CELLS_AT_ONCE // max(1, predictor.n_labels)))
    for start in range(0, len(rows), block):
        part = slice(start, start + block)
        features = np.asarray(vectors[rows[part]], dtype=np.float32)
        probabilities = predictor.predict(features)
        pool = pool_of(predictor, features, probabilities, committee=any(name in COMMITTEES for name in ways))
        assert pool.probabilities is not None, "made from a model"
        for column, name in zip(scores, ways, strict=True):
            column[part] = row_scores(name, pool, rng)
        # Two labels that are exactly as likely are as close as can be: 1, which belongs to the last bin.
        bins = np.minimum((closeness(pool.probabilities) * BINS).astype(np.int64), BINS - 1)
        counts += np.bincount(bins, minlength=BINS)
        predicted += said(predictor, probabilities)
    return scores, counts, predicted


def pool_of(
    predictor: Predictor, features: Floats, probabilities: Floats | None = None, *, committee: bool = False
) -> Pool:
    """These rows as an acquisition function sees them."""
    told = predictor.predict(features) if probabilities is None else probabilities
    votes = predictor.committee(features) if committee else None
    if votes is not None and predictor.kind == "set":
        votes = np.stack([as_distribution(predictor, vote, told) for vote in votes])
    return Pool(
        probabilities=as_distribution(predictor, told),
        embeddings=features,
        committee=votes,
    )


def said(predictor: Predictor, probabilities: Floats) -> Ints:
    """How many rows are likeliest each label, or for sets have it."""
    if predictor.kind == "set":
        return np.asarray((probabilities >= 0.5).sum(axis=0), dtype=np.int64)
    return np.bincount(probabilities.argmax(axis=1), minlength=predictor.n_labels)


def as_distribution(predictor: Predictor, probabilities: Floats, by: Floats | None = None) -> Floats:
    """(n, k) probabilities that add up to 1. A set's labels are judged one by one: the least sure of them (`by` these
    probabilities), and the rest, (n, 2)."""
    if predictor.kind != "set":
        return probabilities
    doubt = np.abs((probabilities if by is None else by) - 0.5).argmin(axis=1)
    share = probabilities[np.arange(len(probabilities)), doubt]
    return np.asarray(np.column_stack([share, 1 - share]), dtype=np.float32)


def row_scores(name: str, pool: Pool, rng: np.random.Generator) -> Floats:
    """The score of every row by a strategy that values each by itself."""
    picks = ACQUISITIONS[name](pool, len(pool), rng)
    score = np.empty(len(pool), dtype=np.float32)
    score[picks.index] = picks.score
    return score
