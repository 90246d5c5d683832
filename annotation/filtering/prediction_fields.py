"""What machines say of an item."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from annotation.expressions import Condition
from annotation.filtering.consensus_fields import value_is
from annotation.filtering.fields import ORDERED, Field, Scope, Test, about
from annotation.models import Prediction


def _predicted(scope: Scope, condition: Condition) -> Test:
    """By the latest prediction of the question, whoever made it."""
    own = Prediction.objects.filter(project=scope.project, question=condition.part)
    if condition.operator == "missing":
        there = about(own, ordered=True)
        return Test(lambda bounds: ~there.passes(bounds), opposite=there.source)
    newer = Prediction.objects.filter(item=OuterRef("item"), question=OuterRef("question")).filter(
        Q(created_at__gt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), pk__gt=OuterRef("pk"))
    )
    saying = own.filter(value_is(scope, condition))
    return about(saying.filter(~Exists(newer)), lead=saying, ordered=True)


FIELDS = (
    Field(
        "predicted",
        "What the latest prediction says, of a model or imported.",
        "predicted.sentiment = positive",
        "label",
        (*ORDERED, "~", "missing"),
        _predicted,
        part="question",
    ),
)
