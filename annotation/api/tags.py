"""REST: the tags of a project. Items are tagged by bulk actions."""

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
from annotation.models import Tag
from annotation.reports.tags import COUNTED, counted
from annotation.roles import Action
from annotation.services import tags


class TagRequest(serializers.Serializer[Any]):
    name = Text(max_length=tags.LONGEST)


class TagView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()


class CountedTagView(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="tag.pk")
    name = serializers.CharField(source="tag.name")
    created_at = serializers.DateTimeField(source="tag.created_at")
    items = serializers.IntegerField(help_text=f"On how many items it is; counted up to {COUNTED + 1:,}.")


class TagListView(serializers.Serializer[Any]):
    results = CountedTagView(many=True)


class Tags(Api):
    @extend_schema(operation_id="tags", responses={200: TagListView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """The project's tags by name, at most 500, with how many items have each."""
        project = self.project(project_id, Action.BROWSE)
        return Response({"results": CountedTagView(counted(project), many=True).data})

    @extend_schema(
        operation_id="create_tag",
        request=TagRequest,
        responses={201: TagView, **PROBLEMS(400, 401, 403, 404)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Make a tag; the one of this name, if there is one already."""
        project = self.project(project_id, Action.TAG)
        made = tags.ensure(project=project, by=self.user(), name=valid(TagRequest, request)["name"])
        return Response(TagView(made).data, status=201)


class OneTag(Api):
    @extend_schema(
        operation_id="rename_tag",
        request=TagRequest,
        responses={200: TagView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, tag_id: int) -> Response:
        """Call a tag otherwise, on all its items."""
        tag = self._tag(tag_id)
        renamed = tags.rename(tag=tag, by=self.user(), name=valid(TagRequest, request)["name"])
        return Response(TagView(renamed).data)

    @extend_schema(operation_id="delete_tag", responses={204: None, **PROBLEMS(401, 403, 404)})
    def delete(self, request: Request, tag_id: int) -> Response:
        """Take a tag off all its items and forget it."""
        tags.delete(tag=self._tag(tag_id), by=self.user())
        return Response(status=204)

    def _tag(self, tag_id: int) -> Tag:
        return tags.tag_for(user=self.user(), tag_id=tag_id)


urlpatterns = [
    path("projects/<int:project_id>/tags/", Tags.as_view(), name="tags"),
    path("tags/<int:tag_id>/", OneTag.as_view(), name="tag"),
]
