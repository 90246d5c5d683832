"""Publish what a round chose: priorities, selections, predictions, and the round's end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.utils import timezone

from active.models import LearningSettings, Round, Selection
from active.services import artifacts, copying, embeddings, requests, words
from active.services.choices import Choice, Chosen
from active.services.choosing import labels_of
from annotation.models import Item
from annotation.services import predictions, priorities

BATCH_SIZE = 1000
# A round's batch lies between these priorities, what stands behind it below, everything else at 0.
TOP, BOTTOM = 2.0, 1.0

# What an earlier round chose and nobody has begun to answer. What somebody has answered keeps its place.
_CHOSEN_BEFORE = """
SELECT id FROM annotation_item
WHERE project_id = %(project)s AND state = 'open' AND open_slots > 0 AND priority * -1 < 0 AND answers = 0
"""
_GOLD = "SELECT item_id FROM annotation_goldquestion WHERE project_id = %(project)s ORDER BY item_id"


def publish(round: Round, settings: LearningSettings, chosen: Chosen) -> None:
    """Harmless to repeat: the same choice leads to the same queue."""
    ranked = [*_ranked(chosen.batch, TOP, BOTTOM), *_ranked(chosen.reserve, BOTTOM, 0.0)]
    fresh = [row for row in ranked if row[0].kind != Selection.Kind.AGAIN]
    again = [row for row in ranked if row[0].kind == Selection.Kind.AGAIN]
    before = copying.ids(_CHOSEN_BEFORE, {"project": round.project_id}).tolist()
    _keep(round, ranked)
    _predict(round, [one for one, _ in ranked])
    # Apart from each other: cursors are moved back only after the items' locks are gone.
    done = set(priorities.publish(project_id=round.project_id, ranked=_told(fresh), previous=before))
    done |= set(
        priorities.ask_again(project_id=round.project_id, ranked=_told(again), most=settings.again_at_most)
    )
    Selection.objects.filter(round=round, item__in=done).update(published=True)
    _end(round, chosen, done)


def _ranked(choices: Sequence[Choice], high: float, low: float) -> list[tuple[Choice, float]]:
    """Each with its priority, falling evenly from `high` towards `low`."""
    step = (high - low) / (len(choices) + 1)
    return [(one, high - n * step) for n, one in enumerate(choices)]


def _told(ranked: Sequence[tuple[Choice, float]]) -> list[tuple[int, float, str]]:
    return [(one.item, priority, words.FOR_PEOPLE[Selection.Kind(one.kind)]) for one, priority in ranked]


def _keep(round: Round, ranked: Sequence[tuple[Choice, float]]) -> None:
    there = set(Item.objects.filter(pk__in=[one.item for one, _ in ranked]).values_list("pk", flat=True))
    keys = dict(
        Item.objects.filter(pk__in={near["item"] for one, _ in ranked for near in one.nearest}).values_list(
            "pk", "key"
        )
    )
    Selection.objects.filter(round=round).delete()
    Selection.objects.bulk_create(
        (
            Selection(
                round=round,
                item_id=one.item,
                kind=one.kind,
                strategy=one.strategy,
                score=one.score,
                value=one.value,
                rank=rank,
                priority=priority,
                reason=one.reason,
                nearest=[{**near, "key": keys.get(near["item"], "")} for near in one.nearest],
            )
            for rank, (one, priority) in enumerate(ranked, start=1)
            if one.item in there
        ),
        batch_size=BATCH_SIZE,
    )


def _predict(round: Round, choices: Sequence[Choice]) -> None:
    """Keep what the model says of the items that people get next; of gold questions too, so that none stands out."""
    if round.model is None:
        return
    told = {one.item: one.predicted for one in choices if one.predicted}
    found, vectors = embeddings.gather(
        round.encoder, gold := copying.ids(_GOLD, {"project": round.project_id})
    )
    if found.any():
        predictor = artifacts.load(round.model)
        told |= dict(zip(gold[found].tolist(), labels_of(predictor, np.asarray(vectors[found])), strict=True))
    keep_predictions(round, told)


def keep_predictions(round: Round, told: dict[int, list[tuple[str, float]]]) -> None:
    """Keep these predictions, {item: likeliest labels with their chances}, under the version of the round's model."""
    model = round.model
    if model is None or not told:
        return
    predictions.keep(
        project_id=round.project_id,
        schema_id=round.schema_id,
        source="model",
        version=model.version,
        found=[
            predictions.Predicted(
                item, round.question, _value(model.parameters, likeliest), likeliest[0][1], dict(likeliest)
            )
            for item, likeliest in told.items()
        ],
    )


def _value(parameters: dict[str, Any], likeliest: list[tuple[str, float]]) -> Any:
    if parameters.get("kind") == "set":
        return [label for label, p in likeliest if p >= 0.5]
    return likeliest[0][0]


def _end(round: Round, chosen: Chosen, done: set[int]) -> None:
    kinds = [one.kind for one in chosen.batch if one.item in done]
    figures = {name: value for name, value in round.figures.items() if name != "doubtful"}
    Round.objects.pending().filter(pk=round.pk).update(
        state=Round.State.DONE,
        finished_at=timezone.now(),
        moved_at=timezone.now(),
        timings=round.timings,
        figures=figures | chosen.figures,
        notes=[*round.notes, *chosen.notes],
        pool=sum(round.shards.values_list("scored", flat=True)),
        chosen=kinds.count(Selection.Kind.NEW),
        explored=kinds.count(Selection.Kind.RANDOM),
        again=kinds.count(Selection.Kind.AGAIN),
        error="",
    )
    requests.drop_candidates(round)
