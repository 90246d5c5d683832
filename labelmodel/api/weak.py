"""REST: label models for functions: their runs, probable labels of items, and how healthy functions are."""

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
from annotation.errors import NotFound
from annotation.roles import Action
from labelmodel.api.weak_views import (
    NewWeakFitsView,
    ProbableLabelListView,
    ProbableLabelView,
    ThresholdView,
    WeakFitListView,
    WeakFitView,
    WeakHealthListView,
    WeakHealthView,
)
from labelmodel.methods import METHODS
from labelmodel.reports import weak as report
from labelmodel.reports import weak_health
from labelmodel.services import weak
from labelmodel.tasks import fit_functions_soon

_MOST = 2**63 - 1


class ProbablePageRequest(serializers.Serializer[Any]):
    question = Text(max_length=64)
    after = serializers.IntegerField(min_value=0, max_value=_MOST, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)


class FitPageRequest(serializers.Serializer[Any]):
    question = Text(max_length=64, required=False, default="")
    after = serializers.IntegerField(min_value=1, max_value=_MOST, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=20)


class NewFitRequest(serializers.Serializer[Any]):
    question = Text(
        max_length=64,
        required=False,
        allow_null=True,
        help_text="null: every question that functions vote on.",
    )
    method = serializers.ChoiceField(
        list(METHODS),
        required=False,
        help_text="Later fits use it, too; unless told, the one that was used last.",
    )


class PrecisionRequest(serializers.Serializer[Any]):
    question = Text(max_length=64)
    precision = serializers.FloatField(min_value=0, max_value=1)


class Fits(Api):
    @extend_schema(
        operation_id="weak_fits",
        parameters=[
            OpenApiParameter("question", str, description="Of this question only."),
            OpenApiParameter("after", int, description="Only runs with a smaller number."),
            OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 20 unless told."),
        ],
        responses={200: WeakFitListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Fits of label models to what functions say, latest first."""
        project = self.project(project_id, Action.BROWSE)
        wanted = query(FitPageRequest, request)
        limit = wanted["limit"]
        found = report.listed(
            project=project, question=wanted["question"], before=wanted.get("after"), limit=limit + 1
        )
        following = following_url(request, found[limit - 1].id if len(found) > limit else None)
        return Response({"results": WeakFitView(found[:limit], many=True).data, "next": following})

    @extend_schema(
        operation_id="fit_functions",
        request=NewFitRequest,
        responses={202: NewWeakFitsView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Fit now. A worker does it; poll the runs. Asking again for what waits already changes nothing."""
        project = self.project(project_id, Action.WRITE_FUNCTIONS)
        made = weak.request(project=project, by=self.user(), **valid(NewFitRequest, request))
        fit_functions_soon(project.pk)
        found = [report.one(project=project, run_id=run.pk) for run in made]
        return Response({"results": WeakFitView(found, many=True).data}, status=202)


class OneFit(Api):
    @extend_schema(operation_id="weak_fit", responses={200: WeakFitView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int, run_id: int) -> Response:
        """One fit: what it rests on, and what it says."""
        project = self.project(project_id, Action.BROWSE)
        return Response(WeakFitView(report.one(project=project, run_id=run_id)).data)


class CancelFit(Api):
    @extend_schema(
        operation_id="cancel_weak_fit",
        request=None,
        responses={200: WeakFitView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int, run_id: int) -> Response:
        """Stop a fit; what an earlier one published stays."""
        project = self.project(project_id, Action.WRITE_FUNCTIONS)
        run = weak.run_for(user=self.user(), project=project, run_id=run_id, action=Action.WRITE_FUNCTIONS)
        weak.cancel(run=run, by=self.user())
        return Response(WeakFitView(report.one(project=project, run_id=run_id)).data)


class RetryFit(Api):
    @extend_schema(
        operation_id="retry_weak_fit",
        request=None,
        responses={200: WeakFitView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int, run_id: int) -> Response:
        """Let a fit that failed or was cancelled begin again, unless a later one was asked for."""
        project = self.project(project_id, Action.WRITE_FUNCTIONS)
        run = weak.run_for(user=self.user(), project=project, run_id=run_id, action=Action.WRITE_FUNCTIONS)
        weak.retry(run=run, by=self.user())
        fit_functions_soon(project.pk)
        return Response(WeakFitView(report.one(project=project, run_id=run_id)).data)


class ProbableLabels(Api):
    @extend_schema(
        operation_id="probable_labels",
        parameters=[
            OpenApiParameter("question", str, required=True),
            OpenApiParameter("after", int, description="Only items with a larger id."),
            OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 100 unless told."),
        ],
        responses={200: ProbableLabelListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """What functions say of items, in the order of ids; items that none votes on are left out."""
        project = self.project(project_id, Action.BROWSE)
        wanted = query(ProbablePageRequest, request)
        limit = wanted["limit"]
        found = report.probable(
            project=project, question=wanted["question"], after=wanted["after"], limit=limit + 1
        )
        following = following_url(request, found[limit - 1].item if len(found) > limit else None)
        return Response({"results": ProbableLabelView(found[:limit], many=True).data, "next": following})


class Threshold(Api):
    @extend_schema(
        operation_id="hard_label_threshold",
        parameters=[
            OpenApiParameter("question", str, required=True),
            OpenApiParameter("precision", float, required=True, description="From 0 to 1."),
        ],
        responses={200: ThresholdView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """How sure a probable label has to be for labels to reach a precision, as measured on labeled items."""
        project = self.project(project_id, Action.BROWSE)
        wanted = query(PrecisionRequest, request)
        run = report.run_of(project, wanted["question"])
        if run is None:
            raise NotFound("No label model was fitted to what functions say of this question yet.")
        found = weak.expected_precision(run, wanted["precision"]) or {}
        names = ("threshold", "precision", "low", "high", "n", "share")
        return Response(ThresholdView({**{name: found.get(name) for name in names}, "run": run.pk}).data)


class Health(Api):
    @extend_schema(operation_id="weak_health", responses={200: WeakHealthListView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """How labeling functions fare, by question."""
        found = weak_health.of(self.project(project_id, Action.BROWSE))
        return Response({"results": WeakHealthView(found, many=True).data})


_HERE = "projects/<int:project_id>/label-model/"
urlpatterns = [
    path(f"{_HERE}function-fits/", Fits.as_view(), name="weak-fits"),
    path(f"{_HERE}function-fits/<int:run_id>/", OneFit.as_view(), name="weak-fit"),
    path(f"{_HERE}function-fits/<int:run_id>/cancel/", CancelFit.as_view(), name="weak-fit-cancel"),
    path(f"{_HERE}function-fits/<int:run_id>/retry/", RetryFit.as_view(), name="weak-fit-retry"),
    path(f"{_HERE}probable-labels/", ProbableLabels.as_view(), name="probable-labels"),
    path(f"{_HERE}threshold/", Threshold.as_view(), name="hard-label-threshold"),
    path(f"{_HERE}health/", Health.as_view(), name="weak-health"),
]
