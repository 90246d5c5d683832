"""What labeling functions say of items that nobody has answered, as targets that count for less than people's answers.

A probable label is worth what it proved to be on items that people labeled and the label model had not seen: the part of the
doubt about them that it took away. One that is unsure counts for less, none for more than half an answer, and all together for
no more than a multiple of the answers there are. Models are judged on people's answers alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from active.learners import Fit, Kind, Model
from active.learners.types import FloatArray
from active.models import LearningSettings
from active.services import copying
from active.services.training_data import Labeled
from annotation.models import Project
from annotation.questions.types import Question
from labelmodel.models import PosteriorShard, WeakRun
from labelmodel.services import probability_shards, weak
from labelmodel.services.vote_shards import BLOCK

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
# So many probable labels at most, an even part of them.
MOST_ITEMS = 20_000
# What one counts at most, as a part of an answer, and all together, as a multiple of the weight of all answers.
MOST_WORTH, MOST_TOTAL = 0.5, 4.0
# What they are taken to be worth before so many labeled items tell.
USUAL_WORTH, LEAST_JUDGED = 0.3, 20
NO_RUN = "Labeling functions have said nothing yet: the model learned from people's answers alone."

# Items that nobody has answered, neither kept to check models nor people.
_FREE = """
SELECT i.id FROM annotation_item i
WHERE i.project_id = %(project)s AND i.id >= %(first)s AND i.id < %(end)s AND i.state <> 'retired' AND i.role = 'pool'
  AND NOT EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = i.id)
  AND NOT EXISTS (SELECT FROM annotation_consensus c WHERE c.item_id = i.id AND c.question = %(question)s)
ORDER BY i.id
"""


@dataclass(frozen=True, eq=False)
class Probable:
    """Targets that no person gave; aligned arrays, over the labels of the labeled items. `hard`: from so sure on, taken for
    certain, with the precision that is expected of them; empty where they are soft."""

    items: Ints
    targets: Floats
    weights: Floats
    run: int
    worth: float
    hard: dict[str, float]

    def __len__(self) -> int:
        return len(self.items)

    def at(self, rows: npt.NDArray[np.bool_]) -> Probable:
        return Probable(
            self.items[rows], self.targets[rows], self.weights[rows], self.run, self.worth, self.hard
        )

    def sha256(self) -> str:
        """The same for the same items, targets and weights."""
        digest = hashlib.sha256(orjson.dumps(self.hard))
        for array in (self.items, self.targets, self.weights):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def probable(
    project: Project, question: Question, settings: LearningSettings, labeled: Labeled
) -> tuple[Probable | None, str]:
    """What a model may learn from beside people's answers, by the project's choice; or None and a note that says why."""
    if not settings.from_functions:
        return None, ""
    run = weak.published(project, question)
    if run is None:
        return None, NO_RUN
    hard: dict[str, float] = {}
    if settings.functions_precision is not None:
        found = weak.expected_precision(run, settings.functions_precision)
        if found is None:
            return None, _no_threshold(settings.functions_precision, run)
        hard = {name: found[name] for name in ("threshold", "precision", "low", "high")}
    items, chances = _gathered(project, question, run, labeled, hard)
    if not len(items):
        return None, NO_RUN
    worth = _worth(run, labeled)
    targets, sure = (
        (_certain(chances, labeled.kind), np.full(len(items), hard["low"]))
        if hard
        else (chances, certainty(chances, labeled.kind))
    )
    weights = _capped(MOST_WORTH * worth * sure, float(labeled.weights.sum()))
    return Probable(items, targets, weights.astype(np.float32), run.pk, round(worth, 4), hard), ""


def _no_threshold(wanted: float, run: WeakRun) -> str:
    judged = run.metrics.get("judged", {}).get("n", 0)
    return (
        f"No threshold is expected to give hard labels with a precision of {wanted:.0%}, by {judged:,} labeled items: the model "
        "learned from people's answers alone."
    )


def _gathered(
    project: Project, question: Question, run: WeakRun, labeled: Labeled, hard: dict[str, float]
) -> tuple[Ints, Floats]:
    """An even part of the items that functions vote on and nobody has answered, with their chances, (n, k)."""
    total = sum(PosteriorShard.objects.filter(run=run).values_list("rows", flat=True))
    step = max(1.0, total / MOST_ITEMS)
    place = {label: position for position, label in enumerate(run.labels)}
    columns = np.array([place.get(label, -1) for label in labeled.labels], dtype=np.int64)
    items, chances = [np.zeros(0, dtype=np.int64)], [np.zeros((0, len(labeled.labels)), dtype=np.float32)]
    for part in _free(project, question, run, labeled.kind):
        if hard:
            part = part.at(_sure(part.posterior, labeled.kind) >= hard["threshold"])
        part = part.at(np.arange(0, len(part), step).astype(np.int64)) if len(part) else part
        said = np.where(columns >= 0, part.posterior[:, columns], 0.0).astype(np.float32)
        items.append(part.items)
        chances.append(said)
    found = np.concatenate(chances)
    some = found.sum(axis=1) > 0 if labeled.kind != "set" else np.ones(len(found), dtype=bool)
    found = found[some]
    if labeled.kind != "set":
        found /= found.sum(axis=1, keepdims=True)
    return np.concatenate(items)[some], found


def _free(
    project: Project, question: Question, run: WeakRun, kind: str
) -> Iterator[probability_shards.Probable]:
    for block, data in PosteriorShard.objects.filter(run=run).order_by("block").values_list("block", "data"):
        part = probability_shards.unpack(data, is_set=kind == "set")
        scope = {
            "project": project.pk, "question": question["name"], "first": block * BLOCK, "end": (block + 1) * BLOCK,
        }  # fmt: skip
        yield part.at(np.isin(part.items, copying.ids(_FREE, scope), assume_unique=True))


def _sure(chances: Floats, kind: str) -> Floats:
    """How sure the least sure claim about each item is, (n,)."""
    if kind != "set":
        return np.asarray(chances.max(axis=1))
    return np.asarray(np.maximum(chances, 1.0 - chances).min(axis=1))


def _certain(chances: Floats, kind: str) -> Floats:
    if kind == "set":
        return (chances >= 0.5).astype(np.float32)
    hard = np.zeros_like(chances)
    hard[np.arange(len(chances)), chances.argmax(axis=1)] = 1.0
    return hard


def certainty(chances: Floats, kind: str) -> Floats:
    """How far from even each item's chances are, (n,) in [0, 1]: 1 - entropy / the most there can be."""
    p = np.clip(chances.astype(np.float64), 1e-9, 1.0)
    if kind == "set":
        q = np.clip(1.0 - chances.astype(np.float64), 1e-9, 1.0)
        bits = -(p * np.log2(p) + q * np.log2(q))
        return np.asarray(1.0 - bits.mean(axis=1), dtype=np.float32)
    most = np.log(max(chances.shape[1], 2))
    return np.asarray(1.0 + (p * np.log(p)).sum(axis=1) / most, dtype=np.float32).clip(0.0, 1.0)


def _worth(run: WeakRun, labeled: Labeled) -> float:
    """The part of the doubt about labeled items that probable labels take away, in [0, 1]: 1 - log loss / entropy of the labels."""
    judged = run.metrics.get("judged", {})
    if judged.get("n", 0) < LEAST_JUDGED or labeled.kind == "set" or not len(labeled):
        return USUAL_WORTH
    shares = labeled.targets.mean(axis=0)
    entropy = float(-(shares * np.log(np.maximum(shares, 1e-9))).sum())
    return float(np.clip(1.0 - judged["log_loss"] / max(entropy, 1e-6), 0.0, 1.0))


def _capped(weights: Any, answers: float) -> npt.NDArray[np.float64]:
    total = float(weights.sum())
    return np.asarray(
        weights * min(1.0, MOST_TOTAL * answers / total) if total > 0 else weights, dtype=np.float64
    )


def beside(fit: Fit, vectors: Floats, found: Probable) -> Fit:
    """A learner that learns from these probable labels beside whatever it is given."""

    def both(
        features: FloatArray,
        targets: Any,
        *,
        kind: Kind = "single",
        weights: FloatArray | None = None,
        seed: int = 0,
        start: Model | None = None,
    ) -> Model:
        count = np.ones(len(features), dtype=np.float32) if weights is None else weights
        return fit(
            np.concatenate([features, vectors]), np.concatenate([targets, found.targets]), kind=kind,
            weights=np.concatenate([count, found.weights]), seed=seed, start=start,
        )  # fmt: skip

    return both


def told(labeled: Labeled, found: Probable | None) -> dict[str, Any]:
    """What a model learned from, by kind of source: {person: {items, weight}, functions: {items, weight, run, worth, hard}}."""
    people = {"items": len(labeled), "weight": round(float(labeled.weights.sum()), 2)}
    if found is None:
        return {"person": people}
    functions = {
        "items": len(found), "weight": round(float(found.weights.sum()), 2), "run": found.run, "worth": found.worth,
        "hard": found.hard or None,
    }  # fmt: skip
    return {"person": people, "functions": functions}


def sentence(labeled: Labeled, found: Probable) -> str:
    """For the notes of a round."""
    kind = (
        f"hard labels from {found.hard['threshold']:.0%} sure on, of which {found.hard['precision']:.0%} are expected to be right "
        f"({found.hard['low']:.0%} to {found.hard['high']:.0%}),"
        if found.hard
        else "probable labels"
    )
    return (
        f"Learned from people's answers to {len(labeled):,} items, and from {len(found):,} {kind} of labeling functions, which "
        f"count as much as {float(found.weights.sum()):,.0f} answers. Figures are about people's answers alone."
    )
