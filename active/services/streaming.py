"""Items that come between two rounds: embedded, scored by the model in use, and queued where it is unsure about them."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from active.acquisition.margin import closeness
from active.models import LearningSettings, Round, Selection
from active.services import (
    artifacts,
    choosing,
    copying,
    embeddings,
    judging,
    learning,
    publishing,
    registry,
    words,
)
from active.services.choices import Choice
from active.services.scoring import as_distribution
from annotation.errors import DomainError
from annotation.services import priorities
from annotation.services.locks import alone

logger = logging.getLogger(__name__)
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
# New items come right behind the batch of the latest round.
PLACE = publishing.BOTTOM
# At most so many of a file are put forward, in batches of the round; the next round looks at all of them.
MOST_BATCHES = 1
# How unsure the model has to be where the round does not tell.
USUAL_BAR = 0.5

_UNANSWERED = """
SELECT i.id FROM annotation_item i
WHERE i.id = ANY(%(items)s) AND i.state = 'open' AND i.open_slots > 0 AND i.answers = 0 AND i.role = 'pool'
  AND i.priority = 0 ORDER BY i.id
"""


def score_new(*, project_id: int) -> None:
    """Safe to run twice. While a round is pending it does nothing: the round embeds and scores everything anyway."""
    with alone("round", project_id) as free:
        if not free or Round.objects.pending().filter(project=project_id).exists():
            return
        settings = LearningSettings.objects.select_related("project__schema").get(project=project_id)
        try:
            encoder = embeddings.current(project=settings.project, settings=settings)
            arrived = embeddings.embed_new(encoder=encoder)
            if len(arrived):
                _queue(settings, arrived)
        except DomainError as error:
            # They stay in the queue in their order, and the sweep comes again.
            logger.warning("New items of project %s are not scored: %s", project_id, error)


def _queue(settings: LearningSettings, arrived: Ints) -> None:
    done = Round.objects.filter(project=settings.project_id, state=Round.State.DONE)
    latest = done.select_related("encoder", "project__schema").order_by("-pk").first()
    model = registry.in_use(settings.project, latest.question) if latest else None
    if latest is None or model is None or model.encoder_id != latest.encoder_id:
        return
    items = copying.ids(_UNANSWERED, {"items": arrived.tolist()})
    found, vectors = embeddings.gather(model.encoder, items)
    if not found.any():
        return
    latest.model = model
    question = learning.learned_question(settings.project, settings)
    choices = _choices(latest, items[found], vectors[found], words.titles_of(question or {}))
    if choices:
        _publish(latest, choices)


def _choices(latest: Round, items: Ints, vectors: Floats, titles: Mapping[str, str]) -> list[Choice]:
    """Those that the round's model is as unsure about as about what the round chose, most unsure first."""
    assert latest.model is not None, "the model in use"
    predictor = artifacts.load(latest.model)
    unsure = closeness(as_distribution(predictor, predictor.predict(vectors)))
    order = np.argsort(-unsure, kind="stable")[: MOST_BATCHES * latest.batch]
    rows = order[unsure[order] >= float(latest.figures.get("bar", USUAL_BAR))]
    return [
        Choice(
            item=int(items[row]),
            kind=Selection.Kind.ARRIVED,
            strategy="margin",
            score=judging.round_off(float(unsure[row])),
            value=0.0,
            reason=words.cut(f"Arrived after round {latest.number}; {words.hesitation(labels, titles)}"),
            predicted=labels,
        )
        for row, labels in zip(rows, choosing.labels_of(predictor, vectors[rows]), strict=True)
    ]


def _publish(latest: Round, choices: list[Choice]) -> None:
    why = words.FOR_PEOPLE[Selection.Kind.ARRIVED]
    publishing.keep_predictions(latest, {one.item: one.predicted for one in choices})
    done = set(
        priorities.raise_some(
            project_id=latest.project_id, ranked=[(one.item, PLACE, why) for one in choices]
        )
    )
    rank = Selection.objects.filter(round=latest).count()
    Selection.objects.bulk_create(
        [
            Selection(
                round=latest,
                item_id=one.item,
                kind=one.kind,
                strategy=one.strategy,
                score=one.score,
                rank=rank + n,
                priority=PLACE,
                reason=one.reason,
                published=one.item in done,
            )
            for n, one in enumerate(choices, start=1)
        ],
        ignore_conflicts=True,
    )
