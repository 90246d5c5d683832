"""REST: a project as one file, a project made of a file, and the end of a project."""

from __future__ import annotations

from collections.abc import Generator
from typing import IO, Any

from django.core.files.storage import default_storage
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import tasks
from annotation.api import ranges
from annotation.api.base import Api, valid
from annotation.api.docs import FILE, PROBLEMS
from annotation.api.exports import AnyAccept, Closing
from annotation.api.fields import Text
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, paged, query
from annotation.api.problems import problem
from annotation.api.uploads import FormWithFile
from annotation.errors import Conflict
from annotation.models import ProjectFile
from annotation.roles import Action
from annotation.services import project_files

_BLOCK = 1 << 20


class RestoreRequest(serializers.Serializer[Any]):
    file = serializers.FileField(allow_empty_file=True, max_length=1000)
    name = Text(
        max_length=120,
        required=False,
        allow_blank=True,
        default="",
        help_text="Of the project; empty: its old one.",
    )


class DeleteRequest(serializers.Serializer[Any]):
    name = Text(max_length=120, help_text="The project's name, so that nobody deletes the wrong one.")


class ProjectFileView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    kind = serializers.ChoiceField(ProjectFile.Kind.values)
    project = serializers.IntegerField(
        source="project_id",
        allow_null=True,
        help_text="What was written, or what was made; null while there is none.",
    )
    name = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(ProjectFile.State.values, source="state")
    done = serializers.IntegerField(help_text="Rows so far.")
    total = serializers.IntegerField(help_text="Rows in all; 0 while nobody knows.")
    error = serializers.CharField(allow_blank=True, help_text="Why it failed: where in the file, and what.")
    size = serializers.IntegerField()
    sha256 = serializers.CharField(allow_blank=True)
    manifest = serializers.DictField(
        help_text="What is in it: rows by table, people, files, files that were missing."
    )
    download = serializers.SerializerMethodField(help_text="Where the file is; null where there is none.")
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, row: ProjectFile) -> str:
        return self._absolute("api:project-file", row)

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_download(self, row: ProjectFile) -> str | None:
        made = row.kind == ProjectFile.Kind.ARCHIVE and row.state == ProjectFile.State.DONE
        return self._absolute("api:project-file-download", row) if made else None

    def _absolute(self, name: str, row: ProjectFile) -> str:
        return str(self.context["request"].build_absolute_uri(reverse(name, args=[row.pk])))


class ProjectFilePage(serializers.Serializer[Any]):
    results = ProjectFileView(many=True)
    next = serializers.CharField(allow_null=True)


def view_of(request: Request, row: ProjectFile, *, status: int = 200) -> Response:
    body = ProjectFileView(row, context={"request": request}).data
    return Response(body, status=status, headers={"Location": body["url"]} if status == 202 else None)


class ProjectFiles(Api):
    @extend_schema(
        operation_id="list_project_files",
        parameters=PAGE_PARAMETERS,
        responses={200: ProjectFilePage, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """The files that were made of a project, oldest first."""
        project = self.project(project_id, Action.ARCHIVE)
        page = query(PageRequest, request)
        found = project_files.of_project(project=project, by=self.user()).filter(pk__gt=page["after"])
        rows = list(found.order_by("pk")[: page["limit"] + 1])
        return Response(paged(request=request, rows=rows, limit=page["limit"], view=ProjectFileView))

    @extend_schema(
        operation_id="write_project_file",
        request=None,
        responses={202: ProjectFileView, **PROBLEMS(401, 403, 404)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Write everything of a project to one file. Poll the answer's `url`, then fetch its `download`."""
        project = self.project(project_id, Action.ARCHIVE)
        made = project_files.archive(project=project, by=self.user())
        tasks.project_file_soon(made.pk)
        return view_of(request, made, status=202)


class RestoreProject(Api):
    parser_classes = [FormWithFile]

    @extend_schema(
        operation_id="restore_project_file",
        request={"multipart/form-data": RestoreRequest},
        responses={202: ProjectFileView, **PROBLEMS(400, 401, 403, 413)},
    )
    def post(self, request: Request) -> Response:
        """Make a new project of a file. Poll the answer's `url`; its `project` is the new one."""
        # Before the body is looked at: it may be large.
        project_files.creators_only(self.user())
        data = valid(RestoreRequest, request)
        made = project_files.restore(by=self.user(), upload=data["file"], name=data["name"])
        tasks.project_file_soon(made.pk)
        return view_of(request, made, status=202)


class DeleteProject(Api):
    @extend_schema(
        operation_id="delete_project",
        request=DeleteRequest,
        responses={202: ProjectFileView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Delete an archived project for good, with everything in it. Files that were made of it stay."""
        project = self.project(project_id, Action.ARCHIVE)
        name = valid(DeleteRequest, request)["name"]
        made = project_files.ask_to_delete(project=project, by=self.user(), name=name)
        tasks.project_file_soon(made.pk)
        return view_of(request, made, status=202)


class OneProjectFile(Api):
    @extend_schema(operation_id="project_file", responses={200: ProjectFileView, **PROBLEMS(401, 404)})
    def get(self, request: Request, file_id: int) -> Response:
        """How far it is."""
        return view_of(request, project_files.file_for(by=self.user(), file_id=file_id))

    @extend_schema(operation_id="forget_project_file", responses={204: None, **PROBLEMS(401, 404, 409)})
    def delete(self, request: Request, file_id: int) -> Response:
        """Delete the file and its record."""
        project_files.forget(file=project_files.file_for(by=self.user(), file_id=file_id))
        return Response(status=204)


class CancelProjectFile(Api):
    @extend_schema(
        operation_id="cancel_project_file",
        request=None,
        responses={200: ProjectFileView, **PROBLEMS(401, 404, 409)},
    )
    def post(self, request: Request, file_id: int) -> Response:
        """Stop it; nothing half-made stays."""
        row = project_files.file_for(by=self.user(), file_id=file_id)
        return view_of(request, project_files.cancel(file=row))


class RetryProjectFile(Api):
    @extend_schema(
        operation_id="retry_project_file",
        request=None,
        responses={200: ProjectFileView, **PROBLEMS(401, 404, 409)},
    )
    def post(self, request: Request, file_id: int) -> Response:
        """Try again what failed or was cancelled."""
        row = project_files.retry(file=project_files.file_for(by=self.user(), file_id=file_id))
        tasks.project_file_soon(row.pk)
        return view_of(request, row)


class DownloadProjectFile(Api):
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="download_project_file",
        parameters=[
            OpenApiParameter(
                "Range", str, OpenApiParameter.HEADER, description="One range, as `bytes=1000-`."
            ),
            OpenApiParameter(
                "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of the file."
            ),
        ],
        responses={
            **FILE(200, "The file.", "application/zip"),
            **FILE(206, "The part asked for.", "application/zip"),
            304: OpenApiResponse(description="You have this very file."),
            **PROBLEMS(401, 404, 409, 412, 416),
        },
    )
    def get(self, request: Request, file_id: int) -> HttpResponseBase:
        """The file, as a whole or in parts."""
        return download(request._request, project_files.file_for(by=self.user(), file_id=file_id))


def download(request: Any, row: ProjectFile) -> HttpResponseBase:
    """What the page and the route send. Raises Conflict where there is no file."""
    if not row.file or row.kind != ProjectFile.Kind.ARCHIVE:
        raise Conflict("There is no file to fetch here.")
    etag = f'"{row.sha256}"'
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None and unchanged.status_code == 412:
        return problem(412, "changed", "The file is not the one that If-Match names.")
    response = unchanged or _body(request, row, etag)
    response["ETag"], response["Accept-Ranges"], response["Cache-Control"] = (
        etag,
        "bytes",
        "private, no-cache",
    )
    return response


def _body(request: Any, row: ProjectFile, etag: str) -> HttpResponseBase:
    begin, end, status = 0, row.size, 200
    header = request.headers.get("Range", "")
    if request.method == "GET" and ranges.is_asked(header, request.headers.get("If-Range", ""), etag):
        try:
            (begin, end), status = ranges.within(header, row.size), 206
        except ranges.Unsatisfiable:
            refused = problem(
                416, "no_such_range", f"The file has {row.size} bytes; nothing of it is in that range."
            )
            refused["Content-Range"] = f"bytes */{row.size}"
            return refused
    response: HttpResponseBase = HttpResponse(status=status)
    if request.method != "HEAD":
        stream = default_storage.open(str(row.file.name), "rb")
        blocks = _blocks(stream, begin, end)
        response = StreamingHttpResponse(Closing(blocks, blocks), status=status)
    response["Content-Type"], response["Content-Length"] = "application/zip", str(end - begin)
    response["X-Content-Type-Options"] = "nosniff"
    name = project_files.download_name(row)
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=name) or "attachment"
    )
    if status == 206:
        response["Content-Range"] = f"bytes {begin}-{end - 1}/{row.size}"
    return response


def _blocks(stream: IO[bytes], begin: int, end: int) -> Generator[bytes, None, None]:
    with stream:
        stream.seek(begin)
        while begin < end and (block := stream.read(min(_BLOCK, end - begin))):
            begin += len(block)
            yield block


urlpatterns = [
    path("projects/restore/", RestoreProject.as_view(), name="project-from-file"),
    path("projects/<int:project_id>/files/", ProjectFiles.as_view(), name="project-files"),
    path("projects/<int:project_id>/delete/", DeleteProject.as_view(), name="project-delete"),
    path("project-files/<int:file_id>/", OneProjectFile.as_view(), name="project-file"),
    path("project-files/<int:file_id>/cancel/", CancelProjectFile.as_view(), name="project-file-cancel"),
    path("project-files/<int:file_id>/retry/", RetryProjectFile.as_view(), name="project-file-retry"),
    path(
        "project-files/<int:file_id>/download/", DownloadProjectFile.as_view(), name="project-file-download"
    ),
]
