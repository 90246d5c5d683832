"""Choose a round's batch among the candidates of all shards: the strategy's picks, a random share, and whom to ask again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from active.acquisition.margin import closeness
from active.acquisition.value_of_judgment import value_of_judgment
from active.models import LearningSettings, Round, Selection
from active.services import artifacts, copying, doubts, embeddings, picking, training_data, weak_lane, words
from active.services.artifacts import Predictor
from active.services.candidates import Candidates, merged
from active.services.choices import Choice, Chosen
from active.services.judging import round_off
from active.services.picking import Known, Picked
from active.services.scoring import as_distribution
from annotation.questions.types import Question

Ints = npt.NDArray[np.int64]
Kind = Selection.Kind
# Labeled items that strategies and the search for the nearest look at.
MOST_LABELED = 20_000
NEAREST = 3
# What stands ready behind the batch, drawn at random, for when it runs out before the next round: so many batches.
RESERVE = 2
SHOWN_LABELS = 5

_STILL_OPEN = """
SELECT id FROM annotation_item
WHERE id = ANY(%(items)s) AND state = 'open' AND open_slots > 0 AND answers = 0 AND role = 'pool' ORDER BY id
"""


def choose(round: Round, settings: LearningSettings, question: Question) -> Chosen:
    """The same choice for the same round, candidates and labels."""
    rng = np.random.default_rng([round.project_id, round.number])
    every = merged(
        [Candidates.from_bytes(bytes(one.found)) for one in round.shards.order_by("shard__first_item")]
    )
    # Answered meanwhile: not to be asked for once more.
    candidates = every.at(np.isin(every.items, copying.ids(_STILL_OPEN, {"items": every.items.tolist()})))
    predictor = artifacts.load(round.model) if round.model else None
    known = _known(round, question)
    # First: what the functions would like to know is not picked for another reason.
    lane = weak_lane.worth_reviewing(round, settings, question, int(np.ceil(settings.review * round.batch)))
    candidates = candidates.at(~np.isin(candidates.items, [one.item for one in lane]))
    n = min(round.batch - len(lane), len(candidates))
    n_random = min(int(np.ceil(settings.explore * n)), int(candidates.drawn.sum()))
    picked, notes = picking.pick(round, candidates, predictor, known, n - n_random, rng)
    taken = np.array([one.row for one in picked], dtype=np.int64)
    drawn = _draw(candidates, taken, n_random + RESERVE * round.batch, rng)
    titles = words.titles_of(question)
    new = _choices(candidates, picked, predictor, known, round, titles)
    random = _choices(candidates, drawn, predictor, known, round, titles)
    # Where the pool cannot fill the batch, asking again does.
    spare = round.batch - len(lane) - len(new) - n_random
    doubtful = doubts.worth_asking(round, settings, titles)
    again = _worth_more(doubtful, new, int(settings.ask_again * n) + spare)
    new = new[: round.batch - len(lane) - n_random - len(again)]
    lane = _with_predictions(lane, predictor, known, round)
    batch = spread(new, [*lane, *again, *random[:n_random]])
    figures = _figures(every, predictor) | _bar(candidates, picked, predictor) | {"review": len(lane)}
    return Chosen(batch, random[n_random:], figures, notes)


def _with_predictions(
    lane: Sequence[Choice], predictor: Predictor | None, known: Known, round: Round
) -> list[Choice]:
    """The same items with what the model makes of them, and the labeled ones that are most like them."""
    if not lane:
        return []
    found, vectors = embeddings.gather(round.encoder, np.array([one.item for one in lane], dtype=np.int64))
    told = iter(
        zip(labels_of(predictor, vectors[found]), known.nearest(vectors[found], NEAREST), strict=True)
    )
    return [
        replace(one, predicted=(beside := next(told))[0], nearest=beside[1]) if there else one
        for one, there in zip(lane, found, strict=True)
    ]


def _known(round: Round, question: Question) -> Known:
    """The labeled items with their vectors; a part of them, spread evenly, where they are many."""
    labeled = training_data.labeled(round.project, question)
    most = min(MOST_LABELED, len(labeled))
    labeled = labeled.at(np.linspace(0, len(labeled) - 1, most).astype(np.int64))
    found, vectors = embeddings.gather(round.encoder, labeled.items)
    return Known(labeled.at(found), vectors[found])


def _draw(candidates: Candidates, taken: Ints, n: int, rng: np.random.Generator) -> list[Picked]:
    """Items of the uniform sample that the strategy has not taken."""
    free = np.setdiff1d(np.flatnonzero(candidates.drawn), taken)
    return [Picked(int(row), 0.0, "random", drawn=True) for row in rng.permutation(free)[:n]]


def _choices(
    candidates: Candidates,
    picked: Sequence[Picked],
    predictor: Predictor | None,
    known: Known,
    round: Round,
    titles: Mapping[str, str],
) -> list[Choice]:
    if not picked:
        return []
    rows = np.array([one.row for one in picked], dtype=np.int64)
    vectors = np.asarray(candidates.vectors[rows], dtype=np.float32)
    predicted = labels_of(predictor, vectors)
    values = _values(predictor, vectors, doubts.accuracy(round))
    nearest = known.nearest(vectors, NEAREST)
    return [
        Choice(
            item=int(candidates.items[one.row]),
            kind=Kind.RANDOM if one.drawn else Kind.NEW,
            strategy=one.strategy,
            score=round_off(one.score),
            value=round_off(float(value)),
            reason=words.cut(words.why(one.strategy, labels, titles)),
            predicted=labels,
            nearest=near,
        )
        for one, labels, value, near in zip(picked, predicted, values, nearest, strict=True)
    ]


def _values(
    predictor: Predictor | None, vectors: npt.NDArray[np.float32], accuracy: float
) -> npt.NDArray[Any]:
    """What one judgment of each is worth, on the scale that it shares with asking again."""
    if predictor is None:
        return np.zeros(len(vectors))
    return np.asarray(value_of_judgment(as_distribution(predictor, predictor.predict(vectors)), accuracy))


def labels_of(predictor: Predictor | None, vectors: npt.NDArray[np.float32]) -> list[list[tuple[str, float]]]:
    """The likeliest labels of each row with their chances, likeliest first."""
    if predictor is None:
        return [[] for _ in vectors]
    probabilities = predictor.predict(vectors)
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :SHOWN_LABELS]
    return [
        [(predictor.labels[n], round(float(p[n]), 4)) for n in row]
        for row, p in zip(order, probabilities, strict=True)
    ]


def _bar(candidates: Candidates, picked: Sequence[Picked], predictor: Predictor | None) -> dict[str, Any]:
    """How unsure the model has to be about an item that arrives later for it to be put forward: as about these."""
    if predictor is None or not picked:
        return {}
    vectors = np.asarray(candidates.vectors[[one.row for one in picked]], dtype=np.float32)
    return {
        "bar": round_off(
            float(np.quantile(closeness(as_distribution(predictor, predictor.predict(vectors))), 0.25))
        )
    }


def _worth_more(again: list[Choice], new: list[Choice], most: int) -> list[Choice]:
    """Those about whom one more judgment is worth more than the median of what is new, most valuable first."""
    bar = float(np.median([one.value for one in new])) if new else 0.0
    return [one for one in again if one.value > bar][: max(0, most)]


def spread(chosen: Sequence[Choice], between: Sequence[Choice]) -> list[Choice]:
    """`chosen` in its order, with the others put in between at even distances."""
    total = len(chosen) + len(between)
    places = {int((n + 0.5) * total / len(between)) for n in range(len(between))} if between else set()
    first, second = iter(chosen), iter(between)
    return [next(second) if place in places else next(first) for place in range(total)]


def _figures(every: Candidates, predictor: Predictor | None) -> dict[str, Any]:
    if predictor is None or not every.scored:
        return {}
    bins = len(every.counts)
    shares = sorted(
        zip(predictor.labels, (every.predicted / every.scored).tolist(), strict=True),
        key=lambda pair: -pair[1],
    )
    return {
        "scores": {
            "edges": [round(n / bins, 3) for n in range(bins + 1)],
            "counts": every.counts.tolist(),
            "what": "How unsure the model is about the items of the pool: 1 minus the gap between the two likeliest labels.",
        },
        "predicted": {label: round_off(share) for label, share in shares[:50]},
    }
