"""REST: members below the bar, the answers that are in doubt for it, and new rotations of gold questions."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api
from annotation.api.docs import PROBLEMS
from annotation.api.members import MemberView
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, following_url, query
from annotation.models import Suspension
from annotation.reports import suspensions as report
from annotation.roles import Action
from annotation.services import gold, suspensions


class SuspensionView(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="suspension.pk")
    user_id = serializers.IntegerField(source="suspension.user_id")
    username = serializers.CharField(source="suspension.user.username")
    reason = serializers.CharField(source="suspension.reason")
    right = serializers.IntegerField(source="suspension.right", help_text="Gold questions that were right.")
    judged = serializers.IntegerField(source="suspension.judged", help_text="Of how many.")
    bar = serializers.FloatField(source="suspension.bar")
    created_at = serializers.DateTimeField(source="suspension.created_at")
    answers_in_doubt = serializers.IntegerField(source="answers", help_text="0 once it is settled.")
    first_at = serializers.DateTimeField(source="first", allow_null=True)
    last_at = serializers.DateTimeField(source="last", allow_null=True)
    set_aside = serializers.IntegerField(
        source="suspension.set_aside", allow_null=True, help_text="How many answers were set aside."
    )
    closed_at = serializers.DateTimeField(source="suspension.closed_at", allow_null=True)
    closed_by = serializers.CharField(source="suspension.closed_by.username", allow_null=True, default=None)


class SuspensionListView(serializers.Serializer[Any]):
    results = SuspensionView(many=True)
    next = serializers.CharField(allow_null=True)


class SuspensionsRequest(PageRequest):
    open = serializers.BooleanField(default=False)


class Suspensions(Api):
    @extend_schema(
        operation_id="suspensions",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("open", bool, description="Only those whose answers are still in doubt."),
        ],
        responses={200: SuspensionListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Whom the rule has paused, by id, and which answers are in doubt for it."""
        project = self.project(project_id, Action.MEMBERS)
        wanted = query(SuspensionsRequest, request)
        rows = report.listed(
            project=project, open_only=wanted["open"], after=wanted["after"], limit=wanted["limit"] + 1
        )
        shown = rows[: wanted["limit"]]
        following = shown[-1].suspension.pk if len(rows) > wanted["limit"] else None
        results = SuspensionView(shown, many=True).data
        return Response({"results": results, "next": following_url(request, following)})


def _view(suspension_id: int) -> Response:
    found = Suspension.objects.select_related("user", "closed_by").filter(pk=suspension_id)
    return Response(SuspensionView(report.doubts(found)[0]).data)


class SetAside(Api):
    @extend_schema(
        operation_id="set_answers_aside",
        request=None,
        responses={200: SuspensionView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, suspension_id: int) -> Response:
        """Let the answers in doubt count no longer, and ask others in their place. Safe to repeat when interrupted."""
        suspensions.set_aside(suspension_id=suspension_id, by=self.user())
        return _view(suspension_id)


class LetStand(Api):
    @extend_schema(
        operation_id="let_answers_stand",
        request=None,
        responses={200: SuspensionView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, suspension_id: int) -> Response:
        """Let the answers in doubt count."""
        suspensions.let_stand(suspension_id=suspension_id, by=self.user())
        return _view(suspension_id)


class Lift(Api):
    @extend_schema(
        operation_id="lift_pause", request=None, responses={200: MemberView, **PROBLEMS(401, 403, 404)}
    )
    def post(self, request: Request, project_id: int, user_id: int) -> Response:
        """Let a paused member go on; gold questions of before count no longer, failed training begins anew."""
        project = self.project(project_id, Action.MEMBERS)
        member = suspensions.lift(project=project, by=self.user(), user_id=user_id)
        return Response(MemberView(member).data)


class RotationView(serializers.Serializer[Any]):
    rotation = serializers.IntegerField(help_text="The number of the new rotation.")


class Rotate(Api):
    @extend_schema(
        operation_id="rotate_gold_questions",
        request=None,
        responses={200: RotationView, **PROBLEMS(401, 403, 404)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Begin a new rotation: everybody may get every gold question once more."""
        project = self.project(project_id, Action.CONFIGURE)
        return Response({"rotation": gold.rotate(project=project, by=self.user())})


urlpatterns = [
    path("projects/<int:project_id>/suspensions/", Suspensions.as_view(), name="suspensions"),
    path("suspensions/<int:suspension_id>/set-aside/", SetAside.as_view(), name="set-aside"),
    path("suspensions/<int:suspension_id>/let-stand/", LetStand.as_view(), name="let-stand"),
    path("projects/<int:project_id>/members/<int:user_id>/lift/", Lift.as_view(), name="lift"),
    path("projects/<int:project_id>/gold/rotate/", Rotate.as_view(), name="gold-rotate"),
]
