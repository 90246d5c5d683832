"""REST: what programs send, many rows at once: items, and predictions about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import tasks
from annotation.api.base import Api
from annotation.api.docs import PROBLEMS, FaultView
from annotation.api.fields import Text
from annotation.api.formats import OrjsonRenderer
from annotation.api.paging import query
from annotation.api.rows import NDJSON, REPORT, JsonRows, NdjsonRenderer, NdjsonRows
from annotation.roles import Action
from annotation.services import pushes
from annotation.services.garbage import few_collections
from annotation.services.push_rows import Row
from annotation.services.pushes import RESULTS, SOURCE, Choices


class PredictedRequest(serializers.Serializer[Any]):
    """What a model says of one question."""

    question = serializers.CharField()
    value = serializers.JSONField(
        required=False,
        help_text="As an answer says it. Left out, it is what the distribution makes likeliest.",
    )
    distribution = serializers.DictField(
        child=serializers.FloatField(min_value=0, max_value=1),
        required=False,
        help_text="{label: probability}",
    )
    confidence = serializers.FloatField(
        min_value=0,
        max_value=1,
        required=False,
        help_text="How likely the value is right; left out, what the distribution says of it, or no score at all. `score` is the same.",
    )
    score = serializers.FloatField(min_value=0, max_value=1, required=False)
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=80, help_text="The model's name; `model` is the project's own."
    )
    version = serializers.CharField(max_length=40, help_text="Of a version there is one for each question.")


class PushedRowRequest(serializers.Serializer[Any]):
    key = serializers.CharField(
        required=False,
        max_length=200,
        help_text="Left out, the content is the key: equal payloads are one item.",
    )
    payload = serializers.DictField(help_text="The fields of the item.")
    predictions = PredictedRequest(many=True, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=60), required=False)


class PushQuery(serializers.Serializer[Any]):
    dataset = Text(max_length=120, default=SOURCE)
    on_change = serializers.ChoiceField(["refuse", "update"], default="refuse")
    force = serializers.BooleanField(default=False)
    report = serializers.ChoiceField(["all", "faults"], default="all")


class PushedRowView(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="Counted from 1.")
    key = serializers.CharField(allow_null=True)
    id = serializers.IntegerField(allow_null=True)
    result = serializers.ChoiceField(RESULTS)
    errors = FaultView(many=True)  # type: ignore[assignment]


class PushCounts(serializers.Serializer[Any]):
    rows = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    sampled_out = serializers.IntegerField(help_text="Rows for which a bounded pool had no place.")
    refused = serializers.IntegerField()


class PushView(serializers.Serializer[Any]):
    dataset = serializers.IntegerField(help_text="The import that these items belong to.")
    summary = PushCounts()
    predictions = serializers.IntegerField(help_text="How many are new or say something else than before.")
    results = PushedRowView(many=True)


def told(rows: Iterable[Row], report: str) -> list[dict[str, Any]]:
    return [row.as_json() for row in rows if report == "all" or row.result == "refused"]


class PushedItems(Api):
    """The half of `items/` that takes rows; api/items.py lists them at the same address."""

    parser_classes = [JsonRows, NdjsonRows]
    renderer_classes = [OrjsonRenderer, NdjsonRenderer]

    @extend_schema(
        operation_id="push_items",
        parameters=[
            OpenApiParameter(
                "dataset",
                str,
                description=f"The name of the source that these items come from; `{SOURCE}` unless told.",
            ),
            OpenApiParameter(
                "on_change",
                str,
                enum=["refuse", "update"],
                description="What to do with a row whose key is there with other content: refuse it (unless told), or give the "
                "item the new content.",
            ),
            OpenApiParameter(
                "force",
                bool,
                description="With on_change=update: change also items that people have answered or have on their desks.",
            ),
            REPORT,
        ],
        request={"application/json": PushedRowRequest(many=True), NDJSON: OpenApiTypes.BINARY},
        responses={200: PushView, **PROBLEMS(400, 401, 403, 404, 409, 413)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Add items, up to 10,000 a call, or bring them up to date. Sending the same rows again changes nothing.

        Rows that cannot be taken are refused by themselves, with the reason; all others are kept in one transaction.
        """
        project = self.project(project_id, Action.IMPORT)
        asked = query(PushQuery, request)
        choices = Choices(asked["dataset"], asked["on_change"], asked["force"])
        with few_collections():
            rows = cast("list[Any]", request.data)
            made = pushes.push(project=project, by=self.user(), rows=rows, choices=choices)
        for dataset_id in made.to_index:
            tasks.index_soon(dataset_id)
        return Response(
            {
                "dataset": made.dataset.pk,
                "summary": made.counts,
                "predictions": made.predictions,
                "results": told(made.rows, asked["report"]),
            }
        )
