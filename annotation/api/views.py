"""REST: saved views of the data table."""

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
from annotation.roles import Action
from annotation.services import views

_COLUMNS = "Names of columns in their order (docs/data-table.md); empty for the usual ones."


class ViewRequest(serializers.Serializer[Any]):
    name = Text(max_length=80)
    where = Text(
        max_length=5000,
        required=False,
        allow_blank=True,
        default="",
        help_text="A filter; empty for all items.",
    )
    columns = serializers.ListField(
        child=Text(max_length=views.LONGEST_COLUMN),
        required=False,
        default=list,
        max_length=views.MOST_COLUMNS,
        help_text=_COLUMNS,
    )


class NewViewRequest(ViewRequest):
    overwrite = serializers.BooleanField(
        default=False, help_text="Whether a view of this name is overwritten; otherwise it is a conflict."
    )


class SavedViewView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    where = serializers.CharField(allow_blank=True)
    columns = serializers.ListField(child=serializers.CharField(), help_text=_COLUMNS)
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()


class ViewListView(serializers.Serializer[Any]):
    results = SavedViewView(many=True)


class Views(Api):
    @extend_schema(operation_id="views", responses={200: ViewListView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """The project's saved views by name."""
        project = self.project(project_id, Action.BROWSE)
        found = project.views.select_related("created_by")
        return Response({"results": SavedViewView(found, many=True).data})

    @extend_schema(
        operation_id="save_view",
        request=NewViewRequest,
        responses={201: SavedViewView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Keep a filter and its columns under a name, for everybody in the project."""
        project = self.project(project_id, Action.TAG)
        made = views.save(project=project, by=self.user(), **valid(NewViewRequest, request))
        return Response(SavedViewView(made).data, status=201)


class OneView(Api):
    @extend_schema(operation_id="view", responses={200: SavedViewView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, view_id: int) -> Response:
        return Response(SavedViewView(views.view_for(user=self.user(), view_id=view_id)).data)

    @extend_schema(
        operation_id="change_view",
        request=ViewRequest,
        responses={200: SavedViewView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, view_id: int) -> Response:
        """Rename a view, or give it another filter or other columns."""
        view = views.view_for(user=self.user(), view_id=view_id, action=Action.TAG)
        form = ViewRequest(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        return Response(SavedViewView(views.change(view=view, by=self.user(), **form.validated_data)).data)

    @extend_schema(operation_id="delete_view", responses={204: None, **PROBLEMS(401, 403, 404)})
    def delete(self, request: Request, view_id: int) -> Response:
        views.delete(
            view=views.view_for(user=self.user(), view_id=view_id, action=Action.TAG), by=self.user()
        )
        return Response(status=204)


urlpatterns = [
    path("projects/<int:project_id>/views/", Views.as_view(), name="views"),
    path("views/<int:view_id>/", OneView.as_view(), name="view"),
]
