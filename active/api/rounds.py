"""REST: rounds, what they chose and why."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from active.api.figures import FiguresView, MetricsView
from active.models import ModelVersion, Round, Selection
from active.names import STRATEGIES
from active.reports import rounds as report
from active.reports import selections
from active.reports.rounds import Told
from active.services import requests
from active.tasks import round_soon
from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.paging import LARGEST_PAGE, PAGE_PARAMETERS, PageRequest, following_url, paged, query
from annotation.roles import Action

STATES = [state.value for state in Round.State]
TRIGGERS = [trigger.value for trigger in Round.Trigger]
KINDS = [kind.value for kind in Selection.Kind]
BEFORE = [
    OpenApiParameter("after", int, description="Only those with a smaller number."),
    OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 100 unless told."),
]


class BeforeRequest(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)


class SelectionPageRequest(PageRequest):
    kind = serializers.ChoiceField(KINDS, required=False)


class NewRoundRequest(serializers.Serializer[Any]):
    acquisition = serializers.ChoiceField(
        list(STRATEGIES), required=False, help_text="Left out: what the project is set to."
    )
    n = serializers.IntegerField(
        min_value=1,
        max_value=requests.LARGEST_BATCH,
        required=False,
        help_text="How many to choose; left out: the project's batch.",
    )


class RoundView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    number = serializers.IntegerField(help_text="Within its project, from 1.")
    status = serializers.ChoiceField(STATES, source="state")
    trigger = serializers.ChoiceField(TRIGGERS, help_text="Why it was started.")
    question = serializers.CharField()
    schema = serializers.IntegerField(help_text="The version of the questions.")
    acquisition = serializers.CharField(source="strategy")
    rival = serializers.CharField(allow_blank=True, help_text="Chose half of the batch, to be compared.")
    n = serializers.IntegerField(source="batch", help_text="How many it was to choose.")
    labels = serializers.IntegerField(help_text="Items whose consensus it learned from.")
    pool = serializers.IntegerField(help_text="Items that it scored.")
    chosen = serializers.IntegerField(help_text="New items that its strategy chose.")
    explored = serializers.IntegerField(help_text="New items that it drew at random.")
    again = serializers.IntegerField(help_text="Answered items that it asks about again.")
    encoder = serializers.IntegerField(allow_null=True, help_text="Version.")
    model = serializers.IntegerField(allow_null=True, help_text="The version that it trained.")
    timings = serializers.DictField(child=serializers.FloatField(), help_text="{phase: seconds}.")
    notes = serializers.ListField(child=serializers.CharField())
    error = serializers.CharField(allow_blank=True)
    requested_by = serializers.CharField(allow_null=True, help_text="null: it started by itself.")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class RoundProgressView(serializers.Serializer[Any]):
    shards = serializers.IntegerField(help_text="Shards of the pool that it scores.")
    shards_done = serializers.IntegerField()
    scored = serializers.IntegerField(help_text="Items scored so far.")
    queue = serializers.CharField(help_text="Whose workers take up what is next.")
    unattended = serializers.BooleanField(help_text="Whether no worker seems to read that queue.")


class RoundInFullView(RoundView):
    progress = RoundProgressView(allow_null=True, help_text="While it is under way.")
    figures = FiguresView()
    metrics = MetricsView(allow_null=True, help_text="Of the model that it trained.")


class RoundListView(serializers.Serializer[Any]):
    results = RoundView(many=True)
    next = serializers.CharField(allow_null=True)


class NearView(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    similarity = serializers.FloatField()


class SelectionView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item = serializers.IntegerField()
    key = serializers.CharField()
    kind = serializers.ChoiceField(KINDS)
    strategy = serializers.CharField()
    rank = serializers.IntegerField(help_text="From 1; the first is asked soonest.")
    score = serializers.FloatField(help_text="Higher: sooner; its scale is the strategy's.")
    value = serializers.FloatField(
        help_text="The expected rise of the chance of a right answer by one more judgment."
    )
    priority = serializers.FloatField()
    reason = serializers.CharField()
    nearest = NearView(many=True, help_text="The nearest labeled items.")
    published = serializers.BooleanField(
        help_text="Whether it came to the queue: it may have been answered meanwhile."
    )


class SelectionListView(serializers.Serializer[Any]):
    results = SelectionView(many=True)
    next = serializers.CharField(allow_null=True)


class Rounds(Api):
    @extend_schema(
        operation_id="rounds",
        parameters=BEFORE,
        responses={200: RoundListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Rounds, latest first."""
        project = self.project(project_id, Action.BROWSE)
        wanted = query(BeforeRequest, request)
        limit = wanted["limit"]
        found = report.listed(project=project, before=wanted.get("after"), limit=limit + 1)
        following = following_url(request, found[limit - 1].number if len(found) > limit else None)
        return Response({"results": RoundView(found[:limit], many=True).data, "next": following})

    @extend_schema(
        operation_id="start_round",
        request=NewRoundRequest,
        responses={202: RoundInFullView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Train, score and choose now. Workers do it; poll the round. Asking for what is under way gives that round."""
        project = self.project(project_id, Action.CONFIGURE)
        wanted = valid(NewRoundRequest, request)
        made = requests.request(
            project=project, by=self.user(), strategy=wanted.get("acquisition"), n=wanted.get("n")
        )
        round_soon(project.pk)
        return Response(in_full(report.by_id(made.pk)), status=202)


class OneRound(Api):
    @extend_schema(operation_id="round", responses={200: RoundInFullView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, round_id: int) -> Response:
        """One round: how far it is, and what came of it."""
        found = requests.round_of(user=self.user(), round_id=round_id)
        return Response(in_full(report.by_id(found.pk)))


class CancelRound(Api):
    @extend_schema(
        operation_id="cancel_round", request=None, responses={200: RoundInFullView, **PROBLEMS(401, 403, 404)}
    )
    def post(self, request: Request, round_id: int) -> Response:
        """Stop a round; the queue stays as the last one left it. Harmless when it is over."""
        found = requests.round_of(user=self.user(), round_id=round_id, action=Action.CONFIGURE)
        requests.cancel(round=found, by=self.user())
        return Response(in_full(report.by_id(found.pk)))


class Selections(Api):
    @extend_schema(
        operation_id="round_selections",
        parameters=[OpenApiParameter("kind", str, enum=KINDS), *PAGE_PARAMETERS],
        responses={200: SelectionListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, round_id: int) -> Response:
        """What a round chose and why, first rank first; pages go on behind a selection's id."""
        found = requests.round_of(user=self.user(), round_id=round_id)
        wanted = query(SelectionPageRequest, request)
        rows = selections.listed(
            project=found.project,
            round_id=found.pk,
            kind=wanted.get("kind", ""),
            after=wanted["after"] or None,
            limit=wanted["limit"] + 1,
        )
        return Response(
            paged(request=request, rows=rows, limit=wanted["limit"], view=SelectionView, key="id")
        )


def in_full(found: Told) -> dict[str, Any]:
    """A round with its progress, its figures and the scores of its model."""
    metrics = ModelVersion.objects.filter(pk__in=Round.objects.filter(pk=found.id).values("model"))
    return {
        **RoundView(found).data,
        "progress": RoundProgressView(report.progress(found)).data if found.is_pending else None,
        "figures": FiguresView(found.figures).data,
        "metrics": next((MetricsView(one).data for one in metrics.values_list("metrics", flat=True)), None),
    }


urlpatterns = [
    path("projects/<int:project_id>/rounds/", Rounds.as_view(), name="rounds"),
    path("rounds/<int:round_id>/", OneRound.as_view(), name="round"),
    path("rounds/<int:round_id>/cancel/", CancelRound.as_view(), name="cancel-round"),
    path("rounds/<int:round_id>/selections/", Selections.as_view(), name="round-selections"),
]
