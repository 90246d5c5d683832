"""Which answered items are worth one more judgment: what people said of them, and a model that did not see it, differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Avg

from active.acquisition.value_of_judgment import value_of_judgment
from active.models import LearningSettings, Round, Selection
from active.services import copying, words
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
    """The most doubtful of these items that votes alone have settled: consensus and out-of-fold predictions, both (m, k),
    taken together.

    Northcutt 2021 finds wrong labels by such predictions; here they are one more vote, weighed against what people said.
    """
    predicted, labeled = predicted[labeled.settled], labeled.at(labeled.settled)
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


# What may be asked again; it may have gone to an expert since, or have had all the answers that it may get.
_MAY_BE_ASKED = """
SELECT i.id FROM annotation_item i JOIN annotation_project p ON p.id = i.project_id
WHERE i.id = ANY(%(items)s) AND i.state = 'resolved'
  AND i.answers < greatest(p.annotations_per_item + %(most)s::int, coalesce(p.annotations_at_most, 0))
ORDER BY i.id
"""


def worth_asking(round: Round, settings: LearningSettings, titles: Mapping[str, str]) -> list[Choice]:
    """What training remembered and may still be asked, most valuable first; nothing where the project does not ask again."""
    doubtful = round.figures.get("doubtful", []) if settings.ask_again else []
    scope = {"items": [one["item"] for one in doubtful], "most": settings.again_at_most}
    allowed = set(copying.ids(_MAY_BE_ASKED, scope).tolist()) if doubtful else set()
    return [
        Choice(
            item=one["item"],
            kind=Selection.Kind.AGAIN,
            strategy="value_of_judgment",
            score=one["value"],
            value=one["value"],
            reason=words.again(
                one["said"], one["sure"], [(label, p) for label, p in one["predicted"]], titles
            ),
            predicted=[(label, p) for label, p in one["predicted"]],
        )
        for one in doubtful
        if one["item"] in allowed
    ]
