"""Which answered items are worth one more judgment: what people said of them, and a model that did not see it, differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Avg

from active.acquisition.value_of_judgment import value_of_judgment
from active.models import LearningSettings, Round, Selection
from active.services import words
from active.services.choices import Choice
from active.services.training_data import Labeled
from labelmodel.models import SourceQuality

# How often people are taken to be right before a label model knows.
USUAL_ACCURACY = 0.85
# So many of the most doubtful items are remembered, in batches.
REMEMBERED = 2


def accuracy(round: Round) -> float:
    """How often one more judgment is right: the mean over the people of the project."""
    known = SourceQuality.objects.filter(project=round.project_id, question=round.question)
    return float(known.aggregate(mean=Avg("accuracy"))["mean"] or USUAL_ACCURACY)


def remembered(
    labeled: Labeled, predicted: npt.NDArray[Any], *, accuracy: float, most: int
) -> list[dict[str, Any]]:
    """The most doubtful of these items: consensus and out-of-fold predictions, both (m, k), taken together.

    Northcutt 2021 finds wrong labels by such predictions; here they are one more vote, weighed against what people said.
    """
    if labeled.kind == "set" or not len(labeled):
        return []
    joint = np.clip(labeled.targets, 1e-6, None) * np.clip(predicted, 1e-6, None)
    joint /= joint.sum(axis=1, keepdims=True)
    said = joint[np.arange(len(joint)), labeled.targets.argmax(axis=1)]
    # What stands now is what people said, likely or not: it takes a person to change it.
    value = np.asarray(value_of_judgment(joint, accuracy)) + joint.max(axis=1) - said
    order = np.argsort(-value, kind="stable")[:most]
    return [_told(labeled, predicted, joint, value, int(row)) for row in order if value[row] > 0]


def _told(
    labeled: Labeled, predicted: npt.NDArray[Any], joint: npt.NDArray[Any], value: npt.NDArray[Any], row: int
) -> dict[str, Any]:
    said = int(labeled.targets[row].argmax())
    likeliest = np.argsort(-predicted[row], kind="stable")[:5]
    return {
        "item": int(labeled.items[row]),
        "said": labeled.labels[said],
        "sure": round(float(joint[row, said]), 4),
        "value": round(float(value[row]), 6),
        "predicted": [[labeled.labels[n], round(float(predicted[row, n]), 4)] for n in likeliest],
    }


def worth_asking(round: Round, settings: LearningSettings) -> list[Choice]:
    """What training remembered, most valuable first; nothing where the project does not ask again."""
    if not settings.ask_again:
        return []
    return [
        Choice(
            item=one["item"],
            kind=Selection.Kind.AGAIN,
            strategy="value_of_judgment",
            score=one["value"],
            value=one["value"],
            reason=words.again(one["said"], one["sure"], [(label, p) for label, p in one["predicted"]]),
            predicted=[(label, p) for label, p in one["predicted"]],
        )
        for one in round.figures.get("doubtful", [])
    ]
