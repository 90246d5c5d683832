"""REST: what models and imports say of items."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.formats import OrjsonRenderer
from annotation.api.paging import LARGEST_PAGE, following_url, query
from annotation.api.pushes import PredictedRequest, PushedRowView, told
from annotation.api.rows import NDJSON, REPORT, JsonRows, NdjsonRenderer, NdjsonRows, rows_of
from annotation.models import Prediction
from annotation.reports import predictions_listed as report
from annotation.roles import Action
from annotation.services import push_said
from annotation.services.garbage import few_collections

RESULTS = ("created", "updated", "unchanged", "refused")
_MOST = 2**63 - 1


class PredictionView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item = serializers.IntegerField()
    key = serializers.CharField()
    question = serializers.CharField()
    kind = serializers.ChoiceField(Prediction.Kind.values)
    source = serializers.CharField()  # type: ignore[assignment]
    version = serializers.CharField()
    value = serializers.JSONField()
    confidence = serializers.FloatField(
        allow_null=True, help_text="How likely the value is right; null where its source did not say."
    )
    distribution = serializers.DictField(
        child=serializers.FloatField(), help_text="{label: probability}, of the likeliest labels."
    )
    schema = serializers.IntegerField(help_text="The version of the questions that it is under.")
    created_at = serializers.DateTimeField(help_text="When it was said last.")


class PredictionPage(serializers.Serializer[Any]):
    results = PredictionView(many=True)
    next = serializers.CharField(allow_null=True)


class PredictionRowRequest(PredictedRequest):
    key = serializers.CharField(required=False, max_length=200, help_text="The key of the item, or its id:")
    item = serializers.IntegerField(required=False, min_value=1, max_value=_MOST)


class PredictionCounts(serializers.Serializer[Any]):
    rows = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()


class PushedPredictionsView(serializers.Serializer[Any]):
    summary = PredictionCounts()
    results = PushedRowView(many=True)


class PredictionsRequest(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(Prediction.Kind.values, required=False)
    source = Text(max_length=80, required=False)  # type: ignore[assignment]
    version = Text(max_length=40, required=False)
    question = Text(max_length=64, required=False)
    item = serializers.IntegerField(required=False, min_value=1, max_value=_MOST)
    after = Text(max_length=400, default="")
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)


class ReportQuery(serializers.Serializer[Any]):
    report = serializers.ChoiceField(["all", "faults"], default="all")


class Predictions(Api):
    parser_classes = [JsonRows, NdjsonRows]
    renderer_classes = [OrjsonRenderer, NdjsonRenderer]

    @extend_schema(
        operation_id="list_predictions",
        parameters=[
            OpenApiParameter("kind", str, enum=Prediction.Kind.values),
            OpenApiParameter("source", str, description="Who said it, such as the name of a model."),
            OpenApiParameter("version", str),
            OpenApiParameter("question", str),
            OpenApiParameter("item", int),
            OpenApiParameter("after", str, description="The cursor in `next` of the page before."),
            OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 100 unless told."),
        ],
        responses={
            (200, "application/json"): PredictionPage,
            (200, NDJSON): OpenApiTypes.STR,
            **PROBLEMS(400, 401, 403, 404),
        },
    )
    def get(self, request: Request, project_id: int) -> Response:
        """What models and imports say of the project's items, by source and version.

        With `Accept: application/x-ndjson` one prediction on each line, and the next page in the header `Link`.
        """
        project = self.project(project_id, Action.BROWSE)
        wanted = query(PredictionsRequest, request)
        after, limit = wanted.pop("after"), wanted.pop("limit")
        rows, last = report.listed(project=project, filters=wanted, after=after, limit=limit)
        return rows_of(request, {"results": rows, "next": following_url(request, last)})

    @extend_schema(
        operation_id="push_predictions",
        parameters=[REPORT],
        request={"application/json": PredictionRowRequest(many=True), NDJSON: OpenApiTypes.BINARY},
        responses={200: PushedPredictionsView, **PROBLEMS(400, 401, 403, 404, 409, 413)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Add predictions about items, up to 10,000 a call, each by the item's key or id. Of each source and version there is one
        for each question of an item: saying it again changes nothing, saying something else replaces it.
        """
        project = self.project(project_id, Action.IMPORT)
        asked = query(ReportQuery, request)
        with few_collections():
            rows = push_said.push(project=project, by=self.user(), rows=cast("list[Any]", request.data))
        counted = Counter(row.result for row in rows)
        summary = {"rows": len(rows), **{name: counted[name] for name in RESULTS}}
        return Response({"summary": summary, "results": told(rows, asked["report"])})


urlpatterns = [
    path("projects/<int:project_id>/predictions/", Predictions.as_view(), name="predictions"),
]
