"""The filters `round` and `strategy`: which round chose an item for the queue, and how."""

from __future__ import annotations

from django.db.models import Q

from active.models import Round, Selection
from active.names import STRATEGIES
from annotation.expressions import Condition
from annotation.filtering import Field, Scope, Test, about, register
from annotation.filtering.fields import EQUAL, NEVER, ORDERED, Unfit
from annotation.filtering.values import compared
from annotation.models import Project

LATEST = "latest"


def _round(scope: Scope, condition: Condition) -> Test:
    rounds = Round.objects.filter(project=scope.project)
    wanted = NEVER
    if LATEST in condition.values:
        if condition.operator != "=":
            raise Unfit("“latest” is one round: round = latest.")
        done = rounds.filter(state=Round.State.DONE).order_by("-number").values_list("number", flat=True)
        wanted |= Q(number__in=list(done[:1]))
    numbers = tuple(value for value in condition.values if value != LATEST)
    if numbers:
        wanted |= compared("number", Condition("round", "", condition.operator, numbers), int)
    return _chosen(list(rounds.filter(wanted).values_list("pk", flat=True)))


def _strategy(scope: Scope, condition: Condition) -> Test:
    for name in condition.values:
        if name not in STRATEGIES:
            raise Unfit(f"There is no strategy “{name[:60]}”; there are {', '.join(STRATEGIES)}.")
    rounds = list(Round.objects.filter(project=scope.project).values_list("pk", flat=True))
    return _chosen(rounds, Q(strategy__in=condition.values))


def _chosen(rounds: list[int], how: Q | None = None) -> Test:
    """By rows that really brought the item to the queue."""
    made = Q(round__in=rounds) if rounds else NEVER
    rows = Selection.objects.filter(made, how or Q(), published=True)
    return about(rows, ordered=len(rounds) == 1)


def _strategies(project: Project) -> list[str]:
    return list(STRATEGIES)


def add() -> None:
    """Let filters ask for them."""
    register(
        Field(
            "round",
            "The round that chose it for the queue, by number, or latest.",
            "round = latest",
            "number",
            ORDERED,
            _round,
        ),
        Field(
            "strategy",
            "The strategy by which a round chose it.",
            "strategy = margin",
            "choice",
            EQUAL,
            _strategy,
            choices=_strategies,
        ),
    )
