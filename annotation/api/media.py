"""REST: the files that items show."""

from __future__ import annotations

from typing import Any

from django.urls import path, reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, paged, query
from annotation.api.uploads import FormWithFile
from annotation.models import Media
from annotation.roles import Action
from annotation.services import media


class MediaRequest(serializers.Serializer[Any]):
    file = serializers.FileField(allow_empty_file=True, max_length=1000)
    name = Text(
        max_length=media.LONGEST_NAME,
        required=False,
        allow_blank=True,
        default="",
        help_text="A relative path such as cats/1.png, under which items name it; otherwise the file's name.",
    )


class MediaView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField(help_text="What an item's payload says to show it.")
    url = serializers.SerializerMethodField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_url(self, kept: Media) -> str:
        place = reverse("media", args=[kept.project_id, kept.name])
        return str(self.context["request"].build_absolute_uri(place))


class MediaPage(serializers.Serializer[Any]):
    results = MediaView(many=True)
    next = serializers.URLField(allow_null=True)


class MediaList(Api):
    parser_classes = [FormWithFile]

    @extend_schema(
        operation_id="list_media",
        parameters=PAGE_PARAMETERS,
        responses={200: MediaPage, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """The images of a project, oldest first."""
        project = self.project(project_id, Action.IMPORT)
        page = query(PageRequest, request)
        rows = list(project.media.filter(pk__gt=page["after"]).order_by("pk")[: page["limit"] + 1])
        return Response(paged(request=request, rows=rows, limit=page["limit"], view=MediaView))

    @extend_schema(
        operation_id="add_media",
        request={"multipart/form-data": MediaRequest},
        responses={201: MediaView, **PROBLEMS(400, 401, 403, 404, 409, 413)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Upload one image, for items to name. Harmless when repeated."""
        project = self.project(project_id, Action.IMPORT)
        data = valid(MediaRequest, request)
        kept = media.add(project=project, by=self.user(), upload=data["file"], name=data["name"])
        return Response(MediaView(kept, context={"request": request}).data, status=201)


urlpatterns = [path("projects/<int:project_id>/media/", MediaList.as_view(), name="media")]
