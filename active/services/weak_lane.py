"""The review lane: a part of a round's batch whose answers tell most about the labeling functions."""

from __future__ import annotations

from collections.abc import Mapping

from active.models import LearningSettings, Round, Selection
from active.services import copying, words
from active.services.choices import Choice
from annotation.questions.types import Question
from labelmodel.models import WeakRun
from labelmodel.services import weak

# How the queue calls what chose these items.
STRATEGY = "functions"

_STILL_OPEN = """
SELECT id FROM annotation_item
WHERE id = ANY(%(items)s) AND state = 'open' AND open_slots > 0 AND answers = 0 AND role = 'pool' ORDER BY id
"""


def worth_reviewing(round: Round, settings: LearningSettings, question: Question, most: int) -> list[Choice]:
    """Items that the latest label model for functions would like to know, what teaches most first; those that are open."""
    run = weak.published(round.project, question) if settings.review and most > 0 else None
    if run is None:
        return []
    listed = WeakRun.objects.filter(pk=run.pk).values_list("review", flat=True).get()
    scope = {"items": [one["item"] for one in listed]}
    there = set(copying.ids(_STILL_OPEN, scope).tolist()) if listed else set()
    return [_choice(one) for one in listed if one["item"] in there][:most]


def _choice(one: Mapping[str, object]) -> Choice:
    return Choice(
        item=int(str(one["item"])),
        kind=Selection.Kind.REVIEW,
        strategy=STRATEGY,
        score=float(str(one["score"])),
        value=0.0,
        reason=words.cut(str(one["reason"])),
    )
