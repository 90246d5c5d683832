"""REST: the items that are most like one."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from active.models import SimilarSearch
from active.reports import similar as report
from active.services import similar
from active.tasks import similar_soon
from annotation.api.base import Api
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.paging import query
from annotation.errors import NotFound
from annotation.models import Item, Project
from annotation.roles import Action, may
from annotation.services.access import item_for


class SimilarRequest(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=report.MOST, default=10)
    where = Text(max_length=5000, default="", allow_blank=True)


class SimilarItemView(serializers.Serializer[Any]):
    item = serializers.IntegerField(source="id")
    key = serializers.CharField()
    state = serializers.ChoiceField(Item.State.values)
    text = serializers.CharField(source="excerpt.text", help_text="How it begins, cut short.")
    similarity = serializers.FloatField(help_text="The cosine of the two vectors, from -1 to 1.")
    distance = serializers.FloatField(help_text="1 minus similarity.")


class SimilarView(serializers.Serializer[Any]):
    encoder = serializers.IntegerField(help_text="The version of the encoder whose vectors were compared.")
    results = SimilarItemView(source="rows", many=True)


class SearchView(serializers.Serializer[Any]):
    status = serializers.ChoiceField(
        [state.value for state in SimilarSearch.State],
        source="state",
        help_text="What a worker does for it now; while it is `waiting` or `running` again, what was ready before can be searched.",
    )
    ready = serializers.SerializerMethodField(help_text="Whether similar items can be asked for.")
    encoder = serializers.IntegerField(
        source="encoder.version", allow_null=True, default=None, help_text="Version of the encoder."
    )
    vectors = serializers.IntegerField(help_text="How many items can be found.")
    looked_at = serializers.IntegerField(
        help_text="How many candidates of the index a search looks at; 0: it compares all vectors."
    )
    recall = serializers.FloatField(
        help_text="Which share of the ten most similar items that finds, measured on some of them."
    )
    done = serializers.IntegerField(help_text="Of the vectors that are being copied now.")
    total = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True, help_text="Why it failed.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_ready(self, search: SimilarSearch) -> bool:
        return search.encoder_id is not None and search.state != SimilarSearch.State.CANCELLED


class Similar(Api):
    @extend_schema(
        operation_id="similar_items",
        parameters=[
            OpenApiParameter("limit", int, description=f"From 1 to {report.MOST}; 10 unless told."),
            OpenApiParameter(
                "where",
                str,
                description="A filter; without one, retired items are left out (docs/filters.md).",
            ),
        ],
        responses={200: SimilarView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def get(self, request: Request, item_id: int) -> Response:
        """The items that are most like this one, nearest first. 409 while there are no vectors yet; it says what to do."""
        item = item_for(user=self.user(), item_id=item_id, action=Action.BROWSE)
        wanted = query(SimilarRequest, request)
        gold = may(item.project.role_of(self.user()), Action.CONFIGURE)
        return Response(SimilarView(report.nearest(item=item, gold=gold, **wanted)).data)


class Search(Api):
    @extend_schema(operation_id="similar_search", responses={200: SearchView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """How far similar items can be found in a project; 404 where nobody has asked for that."""
        return Response(SearchView(_search(self.project(project_id, Action.BROWSE))).data)

    @extend_schema(
        operation_id="start_similar_search",
        request=None,
        responses={202: SearchView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Let a worker prepare what similar items are found by. Harmless when it is; what failed is tried again."""
        project = self.project(project_id, Action.IMPORT)
        made = similar.turn_on(project=project, by=self.user())
        similar_soon(project.pk)
        return Response(SearchView(made).data, status=202)

    @extend_schema(operation_id="end_similar_search", responses={204: None, **PROBLEMS(401, 403, 404)})
    def delete(self, request: Request, project_id: int) -> Response:
        """Remove the project's vectors from the database."""
        project = self.project(project_id, Action.CONFIGURE)
        similar.turn_off(project=project, by=self.user())
        similar_soon(project.pk)
        return Response(status=204)


def _search(project: Project) -> SimilarSearch:
    found = similar.search_of(project)
    if found is None or found.state == SimilarSearch.State.CANCELLED:
        raise NotFound("Similar items are not searched in this project; POST here lets them be.")
    return found


urlpatterns = [
    path("items/<int:item_id>/similar/", Similar.as_view(), name="similar-items"),
    path("projects/<int:project_id>/similar/", Search.as_view(), name="similar-search"),
]
