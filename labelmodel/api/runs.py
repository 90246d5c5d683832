"""REST: runs of label models."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.paging import LARGEST_PAGE, following_url, query
from annotation.roles import Action
from labelmodel.methods import DEFAULT, METHODS
from labelmodel.models import LabelModelRun
from labelmodel.reports import runs as report
from labelmodel.services import runs
from labelmodel.tasks import refresh_soon

STATES = [state.value for state in LabelModelRun.State]


class RunPageRequest(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)


class NewRunRequest(serializers.Serializer[Any]):
    question = Text(
        max_length=64, required=False, allow_null=True, help_text="null: every question that can be fitted."
    )
    method = serializers.ChoiceField(
        list(METHODS),
        default=DEFAULT,
        help_text="The default's runs become the consensus; others are compared with it.",
    )


class ComparisonView(serializers.Serializer[Any]):
    items = serializers.IntegerField()
    differ = serializers.IntegerField(help_text="Items that read otherwise than by the default method.")
    known = serializers.IntegerField(help_text="Known answers, which neither method was told.")
    right = serializers.IntegerField(help_text="Of those, what this method says.")
    right_before = serializers.IntegerField(help_text="Of those, what the default says.")
    left_out = serializers.IntegerField(help_text="Votes that both were asked to foresee.")
    log_likelihood = serializers.FloatField(
        allow_null=True, help_text="Mean of a left-out vote; higher is better."
    )
    log_likelihood_before = serializers.FloatField(allow_null=True, help_text="The same by the default.")


class RunView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    question = serializers.CharField()
    method = serializers.CharField()
    status = serializers.ChoiceField(STATES, source="state")
    current = serializers.BooleanField(help_text="Whether the consensus comes from what it learned.")
    schema = serializers.IntegerField(help_text="The version that answers were read under.")
    items = serializers.IntegerField()
    votes = serializers.IntegerField(help_text="Answers that it rests on.")
    gold = serializers.IntegerField(help_text="Items of those whose answer is known.")
    changed = serializers.IntegerField(help_text="Items whose votes have changed since.")
    iterations = serializers.IntegerField()
    converged = serializers.BooleanField()
    seconds = serializers.FloatField(allow_null=True)
    comparison = ComparisonView(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    requested_by = serializers.CharField(allow_null=True, help_text="null: answers that came in.")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class RunListView(serializers.Serializer[Any]):
    results = RunView(many=True)
    next = serializers.CharField(allow_null=True)


class NewRunsView(serializers.Serializer[Any]):
    results = RunView(many=True)


class Runs(Api):
    @extend_schema(
        operation_id="label_model_runs",
        parameters=[
            OpenApiParameter("after", int, description="Only runs with a smaller number."),
            OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 100 unless told."),
        ],
        responses={200: RunListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Fits of label models, latest first."""
        project = self.project(project_id, Action.BROWSE)
        wanted = query(RunPageRequest, request)
        limit = wanted["limit"]
        found = report.listed(project=project, before=wanted.get("after"), limit=limit + 1)
        following = following_url(request, found[limit - 1].id if len(found) > limit else None)
        return Response({"results": RunView(found[:limit], many=True).data, "next": following})

    @extend_schema(
        operation_id="fit_label_model",
        request=NewRunRequest,
        responses={202: NewRunsView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Fit now. A worker does it; poll the runs. Asking again for what waits already changes nothing."""
        project = self.project(project_id, Action.CONFIGURE)
        made = runs.request(project=project, by=self.user(), **valid(NewRunRequest, request))
        refresh_soon(project.pk)
        found = [report.one(project=project, run_id=run.pk) for run in made]
        return Response({"results": RunView(found, many=True).data}, status=202)


class OneRun(Api):
    @extend_schema(operation_id="label_model_run", responses={200: RunView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int, run_id: int) -> Response:
        """One fit: whether it is done, and what it rests on."""
        project = self.project(project_id, Action.BROWSE)
        return Response(RunView(report.one(project=project, run_id=run_id)).data)


urlpatterns = [
    path("projects/<int:project_id>/label-model/runs/", Runs.as_view(), name="label-model-runs"),
    path(
        "projects/<int:project_id>/label-model/runs/<int:run_id>/", OneRun.as_view(), name="label-model-run"
    ),
]
