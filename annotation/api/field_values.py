"""REST: what a field of the payload often says, for whoever puts a filter together."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.paging import query
from annotation.reports import field_values as report
from annotation.roles import Action


class FieldRequest(serializers.Serializer[Any]):
    field = Text(max_length=300)


class FrequentValueView(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="As it stands in a filter: `meta.<field> = <value>`.")
    items = serializers.IntegerField(help_text="How many of the items that were looked at have it.")


class FieldValuesView(serializers.Serializer[Any]):
    values = FrequentValueView(many=True)
    looked = serializers.IntegerField(help_text="At how many items.")
    whole = serializers.BooleanField(help_text="Whether these were all items of the project.")


class FieldValues(Api):
    @extend_schema(
        operation_id="field_values",
        parameters=[OpenApiParameter("field", str, required=True, description="A field of the payload.")],
        responses={200: FieldValuesView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Frequent values of a payload's field, the most frequent first; from a sample of at most 1,000 items."""
        project = self.project(project_id, Action.BROWSE)
        found = report.frequent(project=project, field=query(FieldRequest, request)["field"])
        values = [{"value": value, "items": count} for value, count in found.values]
        return Response({"values": values, "looked": found.looked, "whole": found.whole})


urlpatterns = [
    path("projects/<int:project_id>/field-values/", FieldValues.as_view(), name="field-values"),
]
