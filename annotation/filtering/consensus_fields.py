"""What the answers amount to. What is known of gold questions is nobody's opinion: only `status = known` finds it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import BigIntegerField, Func, JSONField, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.db.models.lookups import Exact

from annotation.errors import NotAllowed
from annotation.expressions import Condition
from annotation.filtering.answer_fields import check_label
from annotation.filtering.fields import EQUAL, NEVER, ORDERED, Field, Scope, Source, Test, about
from annotation.filtering.values import LOOKUPS, chosen, compared, number
from annotation.models import Consensus
from annotation.questions import QUESTION_TYPES

AGREEMENTS = ["unanimous", "disagree"]


def weighed(scope: Scope, question: str, condition: Q) -> QuerySet[Consensus]:
    """Consensus on this question of the current schema, or on any."""
    names = [question] if question else list(scope.questions)
    return Consensus.objects.filter(condition, project=scope.project, question__in=names)


def _opinions(scope: Scope, question: str, condition: Q) -> Test:
    rows = weighed(scope, question, condition).exclude(status=Consensus.Status.KNOWN)
    return about(rows, ordered=True)


def value_is(scope: Scope, condition: Condition) -> Q:
    """A column `value` that says what the condition asks for."""
    check_label(scope, condition)
    operator, name = condition.operator, condition.part
    if operator == "~":
        return Q(value__icontains=condition.values[0])
    if operator != "=":
        return Q(**{f"value__{LOOKUPS[operator]}": number(condition.values[0])})
    question = scope.questions[name]
    kind = QUESTION_TYPES[question["type"]]
    meant = (kind.adopt(question, [value]) for value in condition.values)
    return reduce(or_, (_holds(one) for one in meant if one is not None), NEVER)


def _holds(value: Any) -> Q:
    """By the index of values, which only whole values are in: a set holds its labels."""
    if isinstance(value, list):
        return Q(value__contains=value)
    text = Cast(Value(value, output_field=JSONField()), TextField())
    same = Exact(_hash(Cast("value", TextField())), _hash(text))
    return Q(same, value=value)


def _hash(text: Any) -> Func:
    return Func(text, Value(0), function="hashtextextended", output_field=BigIntegerField())


def _consensus(scope: Scope, condition: Condition) -> Test:
    if condition.operator == "missing":
        there = _opinions(scope, condition.part, ~Q(value=None))
        return Test(lambda bounds: ~there.passes(bounds), opposite=there.source)
    return _opinions(scope, condition.part, value_is(scope, condition))


def _confidence(scope: Scope, condition: Condition) -> Test:
    return _opinions(scope, condition.part, compared("confidence", condition))


def _between(scope: Scope, conditions: Sequence[Condition]) -> Source | None:
    """Of one question: of any, each comparison may hold for another."""
    if not conditions[0].part:
        return None
    both = reduce(and_, (compared("confidence", one) for one in conditions))
    return _opinions(scope, conditions[0].part, both).source


def _agreement(scope: Scope, condition: Condition) -> Test:
    wanted = [value == "unanimous" for value in chosen(condition, AGREEMENTS)]
    return _opinions(
        scope, condition.part, Q(unanimous__in=wanted) if len(wanted) > 1 else Q(unanimous=wanted[0])
    )


def _status(scope: Scope, condition: Condition) -> Test:
    wanted = chosen(condition, Consensus.Status.values)
    if Consensus.Status.KNOWN in wanted and not scope.gold:
        raise NotAllowed("Only those who may configure the project can filter by known answers.")
    return about(weighed(scope, condition.part, Q(status__in=wanted)), ordered=True)


FIELDS = (
    Field(
        "consensus",
        "What the answers amount to; for several choices, one of them.",
        "consensus.sentiment = positive",
        "label",
        (*ORDERED, "~", "missing"),
        _consensus,
        part="question",
    ),
    Field(
        "confidence",
        "How sure the consensus is, 0 to 1; without a question, that of one question at least.",
        "confidence < 0.8",
        "number",
        ORDERED,
        _confidence,
        part="question",
        part_optional=True,
        between=_between,
    ),
    Field(
        "agreement",
        "unanimous: all who voted on a question said the same; disagree: they did not.",
        "agreement = disagree",
        "choice",
        EQUAL,
        _agreement,
        part="question",
        part_optional=True,
        choices=lambda project: AGREEMENTS,
    ),
    Field(
        "status",
        "Where the consensus is from: auto (votes), adjudicated (an expert), known (told beforehand; for who may configure).",
        "status = adjudicated",
        "choice",
        EQUAL,
        _status,
        part="question",
        part_optional=True,
        choices=lambda project: Consensus.Status.values,
    ),
)
