"""REST: splits, which part items into train, test and so on."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, paged, query
from annotation.models import Split
from annotation.roles import Action
from annotation.services import splits


class SplitPartView(serializers.Serializer[Any]):
    name = Text(max_length=splits.LONGEST_PART)
    share = serializers.FloatField(help_text="Of the items, between 0 and 1; all shares add up to 1.")


class SplitRequest(serializers.Serializer[Any]):
    name = Text(max_length=splits.LONGEST_NAME)
    kind = serializers.ChoiceField(Split.Kind.values, help_text="docs/snapshots.md tells what each does.")
    parts = SplitPartView(many=True, help_text="2 to 10 of them.")
    seed = serializers.IntegerField(default=0, min_value=0, max_value=splits.LARGEST_SEED)
    by = Text(
        max_length=200,
        default="",
        allow_blank=True,
        help_text="stratified: the question. group: the payload's field. time: the payload's field, or empty for when an "
        "item was added.",
    )


class SplitView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(Split.Kind.values)
    parts = SplitPartView(many=True)
    seed = serializers.IntegerField()
    by = serializers.CharField(allow_blank=True)
    begins = serializers.ListField(
        child=serializers.DateTimeField(),
        help_text="By time: where each part but the first begins. Settled by the first snapshot.",
    )
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()


class SplitPage(serializers.Serializer[Any]):
    results = SplitView(many=True)
    next = serializers.URLField(allow_null=True)


class Splits(Api):
    @extend_schema(
        operation_id="list_splits",
        parameters=PAGE_PARAMETERS,
        responses={200: SplitPage, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """The splits of a project, oldest first."""
        project = self.project(project_id, Action.EXPORT)
        page = query(PageRequest, request)
        found = splits.splits_for(user=self.user(), project=project).filter(pk__gt=page["after"])
        rows = list(found[: page["limit"] + 1])
        return Response(paged(request=request, rows=rows, limit=page["limit"], view=SplitView))

    @extend_schema(
        operation_id="create_split",
        request=SplitRequest,
        responses={201: SplitView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """A way to part the project's items that never changes: an item is in the same part in every snapshot."""
        project = self.project(project_id, Action.EXPORT)
        data = valid(SplitRequest, request)
        made = splits.create(
            project=project,
            by=self.user(),
            name=data["name"],
            kind=data["kind"],
            parts=[dict(part) for part in data["parts"]],
            seed=data["seed"],
            field=data["by"],
        )
        return Response(SplitView(made).data, status=201)


urlpatterns = [path("projects/<int:project_id>/splits/", Splits.as_view(), name="splits")]
