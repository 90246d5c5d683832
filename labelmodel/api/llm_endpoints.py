"""REST: the endpoints of language models and how their keys stand. No answer holds a key."""

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
from labelmodel.reports import endpoint_keys as report
from labelmodel.services import endpoint_keys


class UsedView(serializers.Serializer[Any]):
    requests = serializers.IntegerField()
    errors = serializers.IntegerField(help_text="Of any kind.")  # type: ignore[assignment]
    tokens_in = serializers.IntegerField()
    tokens_out = serializers.IntegerField()
    denied = serializers.IntegerField(help_text="Answers 401.")
    forbidden = serializers.IntegerField(help_text="Answers 403.")
    limited = serializers.IntegerField(help_text="Answers 429.")


class EndpointKeyView(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="Made from the key; of no use to find it.")
    shown = serializers.CharField(allow_blank=True, help_text="Its last four characters at most.")
    status = serializers.ChoiceField(["on", "cooling", "off"], source="stands")
    used = UsedView(help_text="Ever.")
    in_flight = serializers.IntegerField(help_text="Requests on their way.")
    tokens_today = serializers.IntegerField(help_text="Of UTC.")
    cooling_until = serializers.DateTimeField(allow_null=True)
    cooling_why = serializers.CharField(allow_blank=True, source="why")
    off_at = serializers.DateTimeField(allow_null=True)
    off_why = serializers.CharField(allow_blank=True)


class EndpointView(serializers.Serializer[Any]):
    name = serializers.CharField()
    usable = serializers.IntegerField(help_text="Keys that a request may go with now.")
    words = serializers.CharField(help_text="How it stands, for people.")
    rests_until = serializers.DateTimeField(source="rests.cooling_until", allow_null=True)
    rests_why = serializers.CharField(source="rests.why", allow_blank=True)


class EndpointWithKeysView(EndpointView):
    base_url = serializers.CharField()
    projects = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="Which may use it; null: all."
    )
    keys = EndpointKeyView(many=True)


class EndpointListView(serializers.Serializer[Any]):
    results = EndpointView(many=True)


class EndpointWithKeysListView(serializers.Serializer[Any]):
    results = EndpointWithKeysView(many=True)


class SwitchOffRequest(serializers.Serializer[Any]):
    why = Text(max_length=endpoint_keys.LONGEST_REASON, help_text="Kept with the key.")


def _there(found: list[report.Standing] | None) -> list[report.Standing]:
    if found is None:
        raise endpoint_keys.PoolAway("Redis, which holds how keys stand, cannot be asked now.")
    return found


class ProjectEndpoints(Api):
    @extend_schema(
        operation_id="project_llm_endpoints",
        responses={200: EndpointListView, **PROBLEMS(401, 403, 404, 503)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """The endpoints of language models that functions of this project may ask, and how they stand."""
        project = self.project(project_id, Action.WRITE_FUNCTIONS)
        found = _there(report.standings(project_id=project.pk))
        return Response({"results": EndpointView(found, many=True).data})


class Endpoints(Api):
    @extend_schema(
        operation_id="llm_endpoints", responses={200: EndpointWithKeysListView, **PROBLEMS(401, 403, 503)}
    )
    def get(self, request: Request) -> Response:
        """All endpoints of language models with their keys, never the keys themselves; for administrators."""
        endpoint_keys.administrators_only(self.user())
        return Response({"results": EndpointWithKeysView(_there(report.standings()), many=True).data})


class ChangeEndpoint(Api):
    """What the views that change something share."""

    def shown(self, endpoint: str) -> Response:
        found = next(one for one in _there(report.standings()) if one.name == endpoint)
        return Response(EndpointWithKeysView(found).data)


_CHANGED = {200: EndpointWithKeysView, **PROBLEMS(401, 403, 404, 503)}


class SwitchOff(ChangeEndpoint):
    @extend_schema(
        operation_id="switch_off_llm_key",
        request=SwitchOffRequest,
        responses={**_CHANGED, **PROBLEMS(400)},
    )
    def post(self, request: Request, endpoint: str, key: str) -> Response:
        """Use a key no more, until it is put back; for administrators."""
        endpoint_keys.administrators_only(self.user())
        why = valid(SwitchOffRequest, request)["why"]
        endpoint_keys.switch_off(by=self.user(), endpoint=endpoint, key=key, why=why)
        return self.shown(endpoint)


class PutBack(ChangeEndpoint):
    @extend_schema(operation_id="put_back_llm_key", request=None, responses=_CHANGED)
    def post(self, request: Request, endpoint: str, key: str) -> Response:
        """Use a key again that was switched off or cools down; for administrators."""
        endpoint_keys.put_back(by=self.user(), endpoint=endpoint, key=key)
        return self.shown(endpoint)


class Wake(ChangeEndpoint):
    @extend_schema(operation_id="wake_llm_endpoint", request=None, responses=_CHANGED)
    def post(self, request: Request, endpoint: str) -> Response:
        """Ask an endpoint again that is given a rest; for administrators."""
        endpoint_keys.wake(by=self.user(), endpoint=endpoint)
        return self.shown(endpoint)


_KEY = "llm-endpoints/<str:endpoint>/keys/<str:key>/"
urlpatterns = [
    path(
        "projects/<int:project_id>/llm-endpoints/", ProjectEndpoints.as_view(), name="project-llm-endpoints"
    ),
    path("llm-endpoints/", Endpoints.as_view(), name="llm-endpoints"),
    path("llm-endpoints/<str:endpoint>/wake/", Wake.as_view(), name="llm-endpoint-wake"),
    path(f"{_KEY}switch-off/", SwitchOff.as_view(), name="llm-key-switch-off"),
    path(f"{_KEY}put-back/", PutBack.as_view(), name="llm-key-put-back"),
]
