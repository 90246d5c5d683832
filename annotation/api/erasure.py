"""REST: forget a person at their request, for administrators."""

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
from annotation.api.fields import Text
from annotation.services import accounts, erasure


class EraseRequest(serializers.Serializer[Any]):
    username = Text(max_length=150, help_text="Theirs, so that nobody erases the wrong one.")
    answers = serializers.ChoiceField(
        [erasure.KEEP, erasure.WITHDRAW],
        default=erasure.KEEP,
        help_text="`keep`: they stay under a number. `withdraw`: they count no longer, and others are asked.",
    )


class NamingSnapshot(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    project = serializers.IntegerField(source="project_id")
    number = serializers.IntegerField()


class NamingFile(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    project = serializers.IntegerField(source="project_id", allow_null=True)
    name = serializers.CharField()
    created_at = serializers.DateTimeField()


class ErasureView(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="user.pk")
    username = serializers.CharField(source="user.username")
    erased_at = serializers.DateTimeField(source="user.erased_at", allow_null=True)
    answers = serializers.IntegerField()
    comments = serializers.IntegerField()
    flags = serializers.IntegerField()
    skips = serializers.IntegerField()
    notes = serializers.IntegerField(help_text="Of decisions.")
    tokens = serializers.IntegerField()
    projects = serializers.IntegerField()
    snapshots = NamingSnapshot(many=True, help_text="Made before, so that their files keep the name.")
    files = NamingFile(many=True, help_text="Files of projects that keep the name.")
    stands_against = serializers.CharField(allow_blank=True, help_text="Why it cannot be done yet.")


class Erase(Api):
    @extend_schema(operation_id="preview_erasure", responses={200: ErasureView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, user_id: int) -> Response:
        """What there is of a person, and which files will keep their name."""
        person = accounts.person(by=self.user(), user_id=user_id)
        return Response(ErasureView(erasure.preview(by=self.user(), user=person)).data)

    @extend_schema(
        operation_id="erase_person",
        request=EraseRequest,
        responses={200: ErasureView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, user_id: int) -> Response:
        """Take away everything that says who somebody is. It cannot be undone."""
        person = accounts.person(by=self.user(), user_id=user_id)
        done = erasure.erase(by=self.user(), user=person, **valid(EraseRequest, request))
        tasks.forget_figures(user_id=user_id)
        return Response(ErasureView(done).data)


urlpatterns = [path("users/<int:user_id>/erase/", Erase.as_view(), name="erase-person")]
