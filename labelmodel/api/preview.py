"""REST: what a definition would do, on a sample of the pool and on what people labeled."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import AnyJson, Text
from annotation.roles import Action
from labelmodel.services import feedback


class PreviewRequest(serializers.Serializer[Any]):
    question = Text(max_length=64)
    kind = Text(max_length=40)
    definition = AnyJson(help_text="An object, as docs/labeling-functions.md tells for each kind.")
    function = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False,
        help_text="The function that it is to be a version of, which it is not compared with.",
    )  # fmt: skip
    examples = serializers.IntegerField(min_value=0, max_value=50, default=feedback.EXAMPLES)


class ShareView(serializers.Serializer[Any]):
    right = serializers.IntegerField()
    n = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(help_text="Wilson, 95 %.")
    high = serializers.FloatField()


class HitView(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    votes = serializers.IntegerField(help_text="On the sample.")
    accuracy = ShareView(help_text="Of the votes for this label on labeled items.")


class NeighbourView(serializers.Serializer[Any]):
    function = serializers.IntegerField()
    name = serializers.CharField()
    overlaps = serializers.FloatField()
    conflicts = serializers.FloatField()


class PreviewExampleView(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    key = serializers.CharField()
    text = serializers.CharField(help_text="A part of what it reads.")
    marks = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), help_text="[[begin, end]] of what was found in the text."
    )  # fmt: skip
    said = serializers.CharField(allow_null=True)
    right = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="What people say; null: nobody labeled it."
    )
    others = serializers.SerializerMethodField()
    note = serializers.CharField(allow_blank=True, help_text="What it raised.")

    @extend_schema_field(
        serializers.DictField(child=serializers.CharField(), help_text="{function: what it says}")
    )
    def get_others(self, example: feedback.Example) -> dict[str, str]:
        return dict(example.others)


class PreviewExamplesView(serializers.Serializer[Any]):
    matched = PreviewExampleView(many=True)
    wrong = PreviewExampleView(many=True)
    conflicting = PreviewExampleView(many=True)
    uncovered = PreviewExampleView(many=True)
    failed = PreviewExampleView(many=True)


class FunctionPreviewView(serializers.Serializer[Any]):
    sample = serializers.IntegerField(help_text="Items of the sample that it looked at.")
    pool = serializers.IntegerField(help_text="Items that the sample was drawn of.")
    drawn_at = serializers.DateTimeField()
    seconds = serializers.FloatField()
    votes = serializers.IntegerField()
    coverage = serializers.FloatField()
    overlaps = serializers.FloatField(help_text="Share of the sample on which another function votes too.")
    conflicts = serializers.FloatField(help_text="Share on which another one says another label.")
    uncovered_before = serializers.FloatField(help_text="Share that no other function votes on.")
    uncovered = serializers.FloatField(help_text="The same, with this one.")
    labeled = serializers.IntegerField(
        help_text="Labeled items that it looked at: no gold questions, no holdout."
    )
    accuracy = ShareView()
    hits = HitView(many=True)
    neighbours = NeighbourView(many=True)
    errors = serializers.IntegerField(  # type: ignore[assignment]
        help_text="Items on which it raised; it abstains there."
    )
    stopped = serializers.BooleanField(
        help_text="Whether it came to an end before it had seen the whole sample."
    )
    left_out = serializers.ListField(
        child=serializers.CharField(), help_text="Functions that could not be compared."
    )
    examples = PreviewExamplesView()


class Preview(Api):
    @extend_schema(
        operation_id="preview_labeling_function",
        request=PreviewRequest,
        responses={200: FunctionPreviewView, **PROBLEMS(400, 401, 403, 404, 503)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Try a definition without keeping it: coverage, accuracy on labeled items, overlaps, conflicts, examples."""
        project = self.project(project_id, Action.WRITE_FUNCTIONS)
        given = valid(PreviewRequest, request)
        found = feedback.preview(
            project=project, question=given["question"], kind=given["kind"], definition=given["definition"],
            function_id=given.get("function"), examples=given["examples"],
        )  # fmt: skip
        return Response(FunctionPreviewView(found).data)


urlpatterns = [
    path(
        "projects/<int:project_id>/labeling-functions/preview/",
        Preview.as_view(),
        name="labeling-function-preview",
    ),
]
