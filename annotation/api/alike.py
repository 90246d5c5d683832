"""REST: items of a project that are nearly the same."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import tasks
from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, paged, query
from annotation.errors import NotFound
from annotation.models import AlikeSearch
from annotation.reports import alike as report
from annotation.roles import Action
from annotation.services import alike
from annotation.services.import_options import LEAST_ALIKE


class NearPairView(serializers.Serializer[Any]):
    item = serializers.IntegerField(source="item_id", help_text="The later one.")
    key = serializers.CharField(source="item.key")
    of = serializers.IntegerField(source="of_id", help_text="The earlier one.")
    of_key = serializers.CharField(source="of.key")
    similarity = serializers.FloatField(help_text="From 0 to 1.")


class PairListView(serializers.Serializer[Any]):
    results = NearPairView(many=True)
    next = serializers.CharField(allow_null=True)


class AlikeSearchRequest(serializers.Serializer[Any]):
    threshold = serializers.FloatField(
        min_value=LEAST_ALIKE,
        max_value=1,
        default=alike.USUAL,
        help_text="From which similarity on items are near-duplicates.",
    )


class AlikeSearchView(serializers.Serializer[Any]):
    status = serializers.ChoiceField([state.value for state in AlikeSearch.State], source="state")
    threshold = serializers.FloatField()
    done = serializers.IntegerField(help_text="Items that were looked at.")
    total = serializers.IntegerField(help_text="0 while it is not known.")
    found = serializers.IntegerField(help_text="Items that are nearly the same as an earlier one.")
    error = serializers.CharField(allow_blank=True)
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class Pairs(Api):
    @extend_schema(
        operation_id="near_duplicates",
        parameters=PAGE_PARAMETERS,
        responses={200: PairListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Pairs of items that are nearly the same and not retired, by the later item."""
        project = self.project(project_id, Action.BROWSE)
        page = query(PageRequest, request)
        rows = report.pairs(project, after=page["after"], limit=page["limit"] + 1)
        return Response(
            paged(request=request, rows=rows, limit=page["limit"], view=NearPairView, key="item_id")
        )


class Search(Api):
    @extend_schema(
        operation_id="near_duplicate_search", responses={200: AlikeSearchView, **PROBLEMS(401, 403, 404)}
    )
    def get(self, request: Request, project_id: int) -> Response:
        """How far the last look for near-duplicates is; 404 where nobody has asked for one."""
        found = alike.search_of(self.project(project_id, Action.BROWSE))
        if found is None:
            raise NotFound("Nobody has looked for near-duplicates here; POST asks for it.")
        return Response(AlikeSearchView(found).data)

    @extend_schema(
        operation_id="find_near_duplicates",
        request=AlikeSearchRequest,
        responses={202: AlikeSearchView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Let a worker look through all items; what was marked before is marked anew. Poll with GET."""
        project = self.project(project_id, Action.IMPORT)
        made = alike.request(project=project, by=self.user(), **valid(AlikeSearchRequest, request))
        tasks.find_alike_soon(project.pk)
        return Response(AlikeSearchView(made).data, status=202)


class Mark(Api):
    @extend_schema(operation_id="keep_both", responses={204: None, **PROBLEMS(401, 403, 404)})
    def delete(self, request: Request, item_id: int) -> Response:
        """Forget that this item is nearly the same as an earlier one."""
        alike.keep_both(item_id=item_id, by=self.user())
        return Response(status=204)


urlpatterns = [
    path("projects/<int:project_id>/near-duplicates/", Pairs.as_view(), name="near-duplicates"),
    path("projects/<int:project_id>/near-duplicates/search/", Search.as_view(), name="near-duplicate-search"),
    path("items/<int:item_id>/near-duplicate/", Mark.as_view(), name="near-duplicate"),
]
