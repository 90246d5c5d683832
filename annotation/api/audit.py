"""REST: who changed what."""

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
from annotation.api.paging import LARGEST_PAGE, following_url, query
from annotation.reports.audit import KINDS, Wanted, project_events
from annotation.roles import Action


class AuditRequest(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(KINDS, required=False)
    user = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    after = Text(max_length=100, default="", allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)


class ChangeView(serializers.Serializer[Any]):
    field = serializers.CharField()
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)


class EventView(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(KINDS)
    action = serializers.ChoiceField(["insert", "update", "delete"])
    at = serializers.DateTimeField()
    user = serializers.CharField(
        source="user.username",
        allow_null=True,
        default=None,
        help_text="null: a worker, a command or plain SQL.",
    )
    method = serializers.CharField(allow_blank=True)
    url = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)
    text = serializers.CharField(help_text="What was done, in words.")
    changes = ChangeView(many=True, help_text="Both null: a long text that changed.")
    count = serializers.IntegerField(help_text="How many rows this one event stands for.")
    item = serializers.IntegerField(source="item_id", allow_null=True)


class EventListView(serializers.Serializer[Any]):
    results = EventView(many=True)
    next = serializers.CharField(allow_null=True)


class Audit(Api):
    @extend_schema(
        operation_id="audit",
        parameters=[
            OpenApiParameter("kind", str, enum=KINDS),
            OpenApiParameter("user", int, description="Only what this person did."),
            OpenApiParameter("since", str, description="Time, ISO 8601."),
            OpenApiParameter("until", str, description="Time, ISO 8601; left out itself."),
            OpenApiParameter("after", str, description="Where to go on; take it from `next`."),
            OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 100 unless told."),
        ],
        responses={200: EventListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Changes to the project, its members, schemas, datasets, items, gold questions and flags, newest first."""
        project = self.project(project_id, Action.AUDIT)
        asked = query(AuditRequest, request)
        wanted = Wanted(
            kinds=(asked["kind"],) if "kind" in asked else tuple(KINDS),
            user_id=asked.get("user"),
            since=asked.get("since"),
            until=asked.get("until"),
            after=asked["after"],
            limit=asked["limit"],
        )
        found = project_events(project=project, wanted=wanted)
        shown = found[: wanted.limit]
        last = shown[-1].cursor if len(found) > len(shown) else None
        return Response({"results": EventView(shown, many=True).data, "next": following_url(request, last)})


urlpatterns = [path("projects/<int:project_id>/audit/", Audit.as_view(), name="audit")]
