"""REST: what is asked next, and why."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from active.api.rounds import KINDS, NearView
from active.models import LearningSettings
from active.reports import queue as report
from active.services import learning
from annotation.api.base import Api
from annotation.api.docs import PROBLEMS
from annotation.api.paging import LARGEST_PAGE, paged, query
from annotation.models import Project
from annotation.roles import Action


class QueuePageRequest(serializers.Serializer[Any]):
    after = serializers.CharField(max_length=80, default="", allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)


class PredictedView(serializers.Serializer[Any]):
    value = serializers.JSONField(help_text="As an answer says it.")
    confidence = serializers.FloatField(allow_null=True)
    version = serializers.CharField(help_text="Of the model.")


class WaitingView(serializers.Serializer[Any]):
    item = serializers.IntegerField(source="id")
    key = serializers.CharField()
    priority = serializers.FloatField()
    answers = serializers.IntegerField()
    wanted = serializers.IntegerField()
    open_slots = serializers.IntegerField()
    reason = serializers.CharField()
    round = serializers.IntegerField(
        allow_null=True, help_text="The number of the round that chose it; null: it comes in order."
    )
    kind = serializers.ChoiceField(KINDS, allow_null=True)
    strategy = serializers.CharField(allow_null=True)
    score = serializers.FloatField(allow_null=True)
    rank = serializers.IntegerField(allow_null=True)
    nearest = NearView(many=True)
    predicted = PredictedView(
        allow_null=True, help_text="What the model in use says, where it has said something."
    )

    def to_representation(self, instance: Any) -> dict[str, Any]:
        found = super().to_representation(instance)
        return {**found, "kind": found["kind"] or None, "strategy": found["strategy"] or None}


class QueueView(serializers.Serializer[Any]):
    results = WaitingView(many=True)
    next = serializers.CharField(allow_null=True)


class Queue(Api):
    @extend_schema(
        operation_id="queue",
        parameters=[
            OpenApiParameter("after", str, description="A place in the queue, as `next` has it."),
            OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 100 unless told."),
        ],
        responses={200: QueueView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """What is asked next and why, soonest first."""
        project = self.project(project_id, Action.BROWSE)
        wanted = query(QueuePageRequest, request)
        limit = wanted["limit"]
        rows = report.listed(
            project=project, question=_question(project), after=wanted["after"], limit=limit + 1
        )
        return Response(paged(request=request, rows=rows, limit=limit, view=WaitingView, key="place"))


def _question(project: Project) -> str:
    settings = learning.settings_of(project) or LearningSettings(project=project)
    found = learning.learned_question(project, settings)
    return found["name"] if found else ""


urlpatterns = [path("projects/<int:project_id>/queue/", Queue.as_view(), name="queue")]
