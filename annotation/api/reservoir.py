"""REST: the bounded pool of a project that samples what comes."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.errors import NotFound
from annotation.roles import Action
from annotation.services import reservoir


class ReservoirRequest(serializers.Serializer[Any]):
    size = serializers.IntegerField(
        min_value=1, max_value=reservoir.LARGEST, help_text="So many items at most."
    )
    seed = serializers.IntegerField(
        required=False,
        min_value=-(2**63),
        max_value=2**63 - 1,
        help_text="Which sample it is; 0 unless told. It cannot be changed later.",
    )


class ReservoirView(serializers.Serializer[Any]):
    size = serializers.IntegerField()
    seed = serializers.IntegerField()
    items = serializers.IntegerField(help_text="How many items are in the pool now.")
    beside = serializers.IntegerField(help_text="Items of the project that are not part of the sample.")
    seen = serializers.IntegerField(help_text="New keys that came, those turned away as often as they came.")
    estimated = serializers.IntegerField(
        help_text="About how many different keys came, by how small a part of them the pool holds."
    )
    created_at = serializers.DateTimeField()


class ProjectReservoir(Api):
    @extend_schema(operation_id="reservoir", responses={200: ReservoirView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """The project's bounded pool; 404 where it takes everything."""
        return self._answer(project_id, Action.BROWSE)

    @extend_schema(
        operation_id="put_reservoir",
        request=ReservoirRequest,
        responses={200: ReservoirView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def put(self, request: Request, project_id: int) -> Response:
        """Take only a uniform sample of what comes from now on, or change its size."""
        project = self.project(project_id, Action.CONFIGURE)
        reservoir.put(project=project, by=self.user(), **valid(ReservoirRequest, request))
        return self._answer(project_id, Action.CONFIGURE)

    @extend_schema(operation_id="delete_reservoir", responses={204: None, **PROBLEMS(401, 403, 404)})
    def delete(self, request: Request, project_id: int) -> Response:
        """Take everything again. What is in the pool stays in the project."""
        reservoir.remove(project=self.project(project_id, Action.CONFIGURE), by=self.user())
        return Response(status=204)

    def _answer(self, project_id: int, action: Action) -> Response:
        found = reservoir.state_of(project=self.project(project_id, action))
        if found is None:
            raise NotFound("This project takes everything that comes.")
        return Response(ReservoirView(found).data)


urlpatterns = [path("projects/<int:project_id>/reservoir/", ProjectReservoir.as_view(), name="reservoir")]
