"""REST: a project's guidelines, what changed in them, and that one has seen it."""

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
from annotation.models import Project
from annotation.reports.guidelines import changes
from annotation.roles import Action
from annotation.services import guidelines
from annotation.services.guidelines import LONGEST, LONGEST_NOTE

_MOST = 2**63 - 1


class LineView(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["same", "del", "ins", "gap"])
    text = serializers.CharField(allow_blank=True)


class GuidelinesChangeView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    by = serializers.CharField(source="by.username")
    note = serializers.CharField(allow_blank=True)
    lines = LineView(many=True)


class GuidelinesView(serializers.Serializer[Any]):
    guidelines = serializers.CharField(allow_blank=True, help_text="Markdown.")
    base = serializers.IntegerField(help_text="The last change; 0 before the first one.")
    changes = GuidelinesChangeView(many=True, help_text="The last 20, the latest first.")


class AmendRequest(serializers.Serializer[Any]):
    guidelines = Text(max_length=LONGEST, allow_blank=True, trim_whitespace=False)
    note = Text(max_length=LONGEST_NOTE, default="", allow_blank=True, help_text="What changed and why.")
    base = serializers.IntegerField(
        min_value=0,
        max_value=_MOST,
        required=False,
        allow_null=True,
        help_text="The change that you started from; 409 when there is a later one.",
    )


class SeenRequest(serializers.Serializer[Any]):
    change = serializers.IntegerField(min_value=1, max_value=_MOST)


def _view(project: Project) -> Response:
    body = {
        "guidelines": project.guidelines,
        "base": guidelines.latest(project) or 0,
        "changes": GuidelinesChangeView(changes(project=project), many=True).data,
    }
    return Response(body)


class Guidelines(Api):
    @extend_schema(operation_id="guidelines", responses={200: GuidelinesView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """The guidelines and what changed in them."""
        return _view(self.project(project_id, Action.VIEW))

    @extend_schema(
        operation_id="amend_guidelines",
        request=AmendRequest,
        responses={200: GuidelinesView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def put(self, request: Request, project_id: int) -> Response:
        """Give the project other guidelines. Members are shown what changed."""
        self.project(project_id, Action.ADJUDICATE)
        data = valid(AmendRequest, request)
        guidelines.amend(
            user=self.user(),
            project_id=project_id,
            text=data["guidelines"],
            note=data["note"],
            base=data.get("base"),
        )
        return _view(self.project(project_id, Action.VIEW))


class Seen(Api):
    @extend_schema(
        operation_id="see_guidelines",
        request=SeenRequest,
        responses={204: None, **PROBLEMS(400, 401, 403, 404)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """You have taken notice of the changes up to this one."""
        self.project(project_id, Action.LABEL)
        data = valid(SeenRequest, request)
        guidelines.see(user=self.user(), project_id=project_id, change_id=data["change"])
        return Response(status=204)


urlpatterns = [
    path("projects/<int:project_id>/guidelines/", Guidelines.as_view(), name="guidelines"),
    path("projects/<int:project_id>/guidelines/seen/", Seen.as_view(), name="guidelines-seen"),
]
