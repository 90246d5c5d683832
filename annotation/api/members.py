"""REST: who belongs to a project, and as what."""

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
from annotation.roles import Action, Role
from annotation.services import members

_ROLES = [role.value for role in Role]
_MOST = 2**31 - 1


class ChangeMemberRequest(serializers.Serializer[Any]):
    role = serializers.ChoiceField(_ROLES, required=False)
    annotation_limit = serializers.IntegerField(
        min_value=0,
        max_value=_MOST,
        allow_null=True,
        required=False,
        help_text="null: the project's own limit.",
    )
    paused_reason = Text(
        max_length=300,
        allow_blank=True,
        required=False,
        help_text="While it is not empty, the member gets no items.",
    )


class NewMemberRequest(serializers.Serializer[Any]):
    username = Text(max_length=150)
    role = serializers.ChoiceField(_ROLES)
    annotation_limit = serializers.IntegerField(min_value=0, max_value=_MOST, allow_null=True, required=False)


class MemberView(serializers.Serializer[Any]):
    user_id = serializers.IntegerField()
    username = serializers.CharField(source="user.username")
    role = serializers.ChoiceField(_ROLES)
    annotation_limit = serializers.IntegerField(allow_null=True)
    paused_reason = serializers.CharField(allow_blank=True)
    warning = serializers.CharField(
        allow_blank=True, help_text="What a member close to the bar of the gold questions is told."
    )
    trained_at = serializers.DateTimeField(allow_null=True, help_text="When the training was passed.")
    answered = serializers.IntegerField(help_text="Items that this member has answered.")
    simulated = serializers.BooleanField(source="user.demo")
    created_at = serializers.DateTimeField()


class MemberListView(serializers.Serializer[Any]):
    results = MemberView(many=True)
    next = serializers.CharField(allow_null=True)


class Members(Api):
    @extend_schema(
        operation_id="members",
        parameters=PAGE_PARAMETERS,
        responses={200: MemberListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Everybody in the project, by user id."""
        project = self.project(project_id, Action.BROWSE)
        wanted = query(PageRequest, request)
        found = (
            project.memberships.filter(user_id__gt=wanted["after"]).select_related("user").order_by("user_id")
        )
        rows = list(found[: wanted["limit"] + 1])
        return Response(
            paged(request=request, rows=rows, limit=wanted["limit"], view=MemberView, key="user_id")
        )

    @extend_schema(
        operation_id="add_member",
        request=NewMemberRequest,
        responses={201: MemberView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Make somebody a member. Only owners make owners."""
        project = self.project(project_id, Action.MEMBERS)
        made = members.add(project=project, by=self.user(), **valid(NewMemberRequest, request))
        return Response(MemberView(made).data, status=201)


class OneMember(Api):
    @extend_schema(
        operation_id="change_member",
        request=ChangeMemberRequest,
        responses={200: MemberView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, project_id: int, user_id: int) -> Response:
        """Change a member's role, limit or pause. The last owner stays owner."""
        project = self.project(project_id, Action.MEMBERS)
        data = valid(ChangeMemberRequest, request)
        return Response(
            MemberView(members.change(project=project, by=self.user(), user_id=user_id, **data)).data
        )

    @extend_schema(operation_id="remove_member", responses={204: None, **PROBLEMS(401, 403, 404, 409)})
    def delete(self, request: Request, project_id: int, user_id: int) -> Response:
        """End a membership: answers stay, reserved items go to others. The last owner cannot be removed."""
        project = self.project(project_id, Action.MEMBERS)
        members.remove(project=project, by=self.user(), user_id=user_id)
        return Response(status=204)


urlpatterns = [
    path("projects/<int:project_id>/members/", Members.as_view(), name="members"),
    path("projects/<int:project_id>/members/<int:user_id>/", OneMember.as_view(), name="member"),
]
