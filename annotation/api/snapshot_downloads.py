"""REST: the file of a snapshot in any format, as a whole or in parts, and signed links to it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api import ranges
from annotation.api.auth import SessionAuthentication, TokenAuthentication
from annotation.api.base import Api, valid
from annotation.api.docs import FILE, PROBLEMS
from annotation.api.exports import AnyAccept, Closing, telling
from annotation.api.fields import Text
from annotation.api.paging import query
from annotation.api.problems import problem
from annotation.formats.base import Format
from annotation.formats.registry import FORMATS
from annotation.models import Snapshot, User
from annotation.services import snapshot_files, snapshot_links
from annotation.services.snapshot_offers import Offer, offers
from annotation.services.snapshots import snapshot_for

CONTENT_TYPES = [form.content_type for form in FORMATS.values()]


class LinkAuthentication(BaseAuthentication):
    """`?link=…`: whoever made the signed link, for the file that it was made for and for nothing else."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        secret = request.query_params.get("link")
        if secret is None:
            return None
        snapshot_id = (request.parser_context or {})["kwargs"]["snapshot_id"]
        name = request.query_params.get("format", "")
        return snapshot_links.signer_of(secret=secret, snapshot_id=snapshot_id, format=name), None

    def authenticate_header(self, request: Request) -> str:
        """Who shows nothing is asked to sign in (401), not told that they may not (403)."""
        return "Token"


@dataclass(frozen=True)
class File:
    """One snapshot in one format."""

    snapshot: Snapshot
    form: Format

    @property
    def name(self) -> str:
        project = slugify(self.snapshot.project.name)[:60] or "project"
        return f"{project}-{self.snapshot.number}.{self.form.ending}"

    def headers(self) -> dict[str, str]:
        found = {
            "ETag": snapshot_files.etag(self.snapshot, self.form),
            "Accept-Ranges": "bytes",
            # It never changes, but the right to have it may.
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
        }
        if sha256 := self.sha256:
            digest = base64.b64encode(bytes.fromhex(sha256)).decode()
            found["Repr-Digest"] = f"sha-256=:{digest}:"
        return found

    @property
    def sha256(self) -> str:
        """Of this file, where it is known."""
        if self.form.name == "jsonl":
            return self.snapshot.sha256
        told: dict[str, Any] = self.snapshot.manifest.get(self.form.name) or {}
        return str(told.get("sha256", ""))


class DownloadRequest(serializers.Serializer[Any]):
    format = serializers.ChoiceField(list(FORMATS), default="jsonl")
    link = Text(required=False, max_length=500)


class LinkRequest(serializers.Serializer[Any]):
    format = serializers.ChoiceField(list(FORMATS), default="jsonl")
    minutes = serializers.IntegerField(
        min_value=1,
        max_value=snapshot_links.MOST_MINUTES,
        default=snapshot_links.DEFAULT_MINUTES,
        help_text="How long it works; seven days at most.",
    )


class LinkView(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="Works without a token: whoever has it may fetch the file.")
    expires_at = serializers.DateTimeField()


class FormatView(serializers.Serializer[Any]):
    """What one may download a snapshot as."""

    name = serializers.ChoiceField(list(FORMATS), source="form.name")
    title = serializers.CharField(source="form.title")
    about = serializers.CharField(source="form.about")
    content_type = serializers.CharField(source="form.content_type")
    available = serializers.BooleanField(
        source="form.is_there", help_text="Whether this server has the package that it needs."
    )
    lacking = serializers.ListField(child=serializers.CharField(), help_text="What it cannot carry.")
    size = serializers.IntegerField(allow_null=True, help_text="In bytes; null while nobody has fetched it.")
    url = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, offer: Offer) -> str:
        return download_url(self.context["request"], offer.snapshot, offer.form.name)


class FormatList(serializers.Serializer[Any]):
    results = FormatView(many=True)


def download_url(request: Any, snapshot: Snapshot, name: str, link: str = "") -> str:
    """The absolute address of a file."""
    place = f"{reverse('api:snapshot-download', args=[snapshot.pk])}?format={name}"
    return str(request.build_absolute_uri(f"{place}&link={link}" if link else place))


class Download(Api):
    authentication_classes = [LinkAuthentication, TokenAuthentication, SessionAuthentication]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="download_snapshot",
        parameters=[
            OpenApiParameter("format", str, enum=list(FORMATS), default="jsonl"),
            OpenApiParameter(
                "Range", str, OpenApiParameter.HEADER, description="One range, as `bytes=1000-`."
            ),
            OpenApiParameter(
                "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of a file."
            ),
        ],
        responses={
            **FILE(200, "The file.", *CONTENT_TYPES),
            **FILE(206, "The part that `Range` asks for.", *CONTENT_TYPES),
            304: OpenApiResponse(description="You have this very file."),
            **PROBLEMS(400, 401, 403, 404, 409, 410, 412, 416, 503),
        },
    )
    def get(self, request: Request, snapshot_id: int) -> HttpResponseBase:
        """The rows of a snapshot as a file in this format; docs/formats.md says what each carries."""
        asked = query(DownloadRequest, request)
        snapshot = snapshot_for(user=self.user(), snapshot_id=snapshot_id)
        form = snapshot_files.format_named(asked["format"])
        snapshot_files.check_made(snapshot)
        return answered(request, File(snapshot, form))


def answered(request: Request, file: File) -> HttpResponseBase:
    """The whole file, the part that is asked for, or that nothing has changed."""
    headers = file.headers()
    # The request of Django: it looks at nothing but the method and the headers.
    unchanged = get_conditional_response(request._request, etag=headers["ETag"])
    if unchanged is not None and unchanged.status_code == 412:
        return problem(412, "changed", "The file is not the one that If-Match names.")
    response = unchanged or _body(request, file, headers["ETag"])
    if response.status_code < 400:
        for name, value in headers.items():
            response[name] = value
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return response


def _body(request: Request, file: File, etag: str) -> HttpResponseBase:
    header = request.headers.get("Range", "")
    if request.method == "HEAD":
        size = snapshot_files.length(file.snapshot, file.form).size
        return _described(HttpResponse(), file, size)
    if not ranges.is_asked(header, request.headers.get("If-Range", ""), etag):
        known = snapshot_files.known_length(file.snapshot, file.form)
        return _sent(file, 0, None, known.size if known else None)
    size = snapshot_files.length(file.snapshot, file.form).size
    try:
        first, end = ranges.within(header, size)
    except ranges.Unsatisfiable:
        refused = problem(416, "no_such_range", f"The file has {size} bytes; nothing of it is in that range.")
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    response = _sent(file, first, end, end - first)
    response.status_code = 206
    response["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    return response


def _sent(file: File, first: int, end: int | None, size: int | None) -> HttpResponseBase:
    source = snapshot_files.blocks(file.snapshot, file.form, first, end)
    # The first block is made here, so that what fails at once is told in words instead of breaking off a 200.
    whole = chain([next(source, b"")], source)
    # With its length told, a file that breaks off is seen to be too short; without, its end must say so.
    blocks = whole if size is not None else telling(whole, file.form.broken)
    response = StreamingHttpResponse(Closing(blocks, source))
    return _described(response, file, size)


def _described(response: HttpResponseBase, file: File, size: int | None) -> HttpResponseBase:
    response["Content-Type"] = file.form.content_type
    response["Content-Disposition"] = str(content_disposition_header(True, file.name))
    if size is not None:
        response["Content-Length"] = str(size)
    return response


class Links(Api):
    @extend_schema(
        operation_id="create_snapshot_link",
        request=LinkRequest,
        responses={201: LinkView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, snapshot_id: int) -> Response:
        """A link by which one file can be fetched without a token, for so many minutes, and only as long as you may."""
        snapshot = snapshot_for(user=self.user(), snapshot_id=snapshot_id)
        asked = valid(LinkRequest, request)
        form = snapshot_files.format_named(asked["format"])
        made = snapshot_links.sign(snapshot=snapshot, form=form, by=self.user(), minutes=asked["minutes"])
        url = download_url(request, snapshot, form.name, made.secret)
        return Response(LinkView({"url": url, "expires_at": made.expires_at}).data, status=201)


class Formats(Api):
    @extend_schema(
        operation_id="list_snapshot_formats",
        responses={200: FormatList, **PROBLEMS(401, 403, 404, 409)},
    )
    def get(self, request: Request, snapshot_id: int) -> Response:
        """What this snapshot can be downloaded as, and what each format cannot carry of it."""
        snapshot = snapshot_for(user=self.user(), snapshot_id=snapshot_id)
        found = offers(snapshot)
        return Response(FormatList({"results": found}, context={"request": request}).data)


urlpatterns = [
    path("snapshots/<int:snapshot_id>/download/", Download.as_view(), name="snapshot-download"),
    path("snapshots/<int:snapshot_id>/links/", Links.as_view(), name="snapshot-links"),
    path("snapshots/<int:snapshot_id>/formats/", Formats.as_view(), name="snapshot-formats"),
]
