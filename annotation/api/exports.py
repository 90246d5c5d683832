"""REST: the answers of a project as one streamed file."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.http import StreamingHttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from annotation import filtering
from annotation.api.base import Api
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.paging import query
from annotation.api.where import WHERE_PARAMETERS, WhereRequest
from annotation.models import Project
from annotation.reports import exports
from annotation.reports.export_sql import Wanted
from annotation.roles import Action, may

CONTENT_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}

# An opening quotation mark that nothing closes: CSV readers refuse it too.
BROKEN_OFF = (
    b'"!! THE EXPORT BROKE OFF HERE: the rows above are good, but there are more. Download it again.\n'
)


class ExportRequest(WhereRequest):
    """What the export page and the route take."""

    format = serializers.ChoiceField(["jsonl", "csv"], default="jsonl")
    per = serializers.ChoiceField(["annotation", "item"], default="annotation")
    annotator = Text(max_length=150, default="", allow_blank=True)
    since = serializers.DateTimeField(required=False)
    safe = serializers.BooleanField(default=False)


def wanted_of(project: Project, asked: dict[str, Any], *, gold: bool) -> Wanted:
    """The export that is asked for. Raises InvalidInput for what the project does not have."""
    return exports.wanted(
        project,
        where=filtering.checked(project, asked["where"], gold=gold),
        annotator=asked["annotator"],
        format=asked["format"],
        per=asked["per"],
        since=asked.get("since"),
        safe=asked["safe"],
        gold=gold,
    )


class AnyAccept(BaseContentNegotiation):
    """The format is a parameter: whatever the Accept header says, problems are JSON and the file is what was asked for."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


@dataclass(frozen=True)
class Closing:
    """Blocks made from a source that is closed with them: when the last one was sent, and when the client has gone."""

    blocks: Iterator[bytes]
    source: Generator[bytes, None, None]

    def __iter__(self) -> Iterator[bytes]:
        return self.blocks

    def close(self) -> None:
        self.source.close()


def telling(blocks: Iterable[bytes], broken: bytes = BROKEN_OFF) -> Iterator[bytes]:
    """The blocks; should they break off, an end that no reader of the format takes for a row.

    A server may end a broken stream as if it were whole (granian does), and half the answers must not pass for all.
    """
    try:
        yield from blocks
    except Exception:
        yield broken
        raise


def gzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Level 1: a quarter of the size for a fraction of what making the rows costs."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    try:
        yield from filter(None, map(packer.compress, blocks))
    except Exception:
        yield packer.flush()
        raise
    yield packer.flush()


class Annotations(Api):
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="export_annotations",
        parameters=[
            OpenApiParameter("format", str, enum=["jsonl", "csv"], description="jsonl unless told."),
            OpenApiParameter(
                "per",
                str,
                enum=["annotation", "item"],
                description="One row for each answer, or for each item.",
            ),
            *WHERE_PARAMETERS,
            OpenApiParameter("annotator", str, description="Username: only this person's answers."),
            OpenApiParameter(
                "since", str, description="Only answers given at this time (ISO 8601) or later."
            ),
            OpenApiParameter(
                "safe",
                bool,
                description="CSV for spreadsheets: an apostrophe before what would be read as a formula, and a byte order mark.",
            ),
        ],
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(
                OpenApiTypes.STR, description="One JSON object a line."
            ),
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="A header and one row a line."),
            **PROBLEMS(400, 401, 403, 404),
        },
    )
    def get(self, request: Request, project_id: int) -> StreamingHttpResponse:
        """Every answer that stands, as one file, from one snapshot of the database. docs/exporting.md has the columns."""
        project = self.project(project_id, Action.EXPORT)
        gold = may(project.role_of(self.user()), Action.CONFIGURE)
        wanted = wanted_of(project, query(ExportRequest, request), gold=gold)
        return download(project, wanted, gzip="gzip" in request.headers.get("Accept-Encoding", ""))


def download(project: Project, wanted: Wanted, *, gzip: bool) -> StreamingHttpResponse:
    """The file as a response."""
    source = exports.stream(wanted)
    # The first block is made here, so that what fails at once is told in words instead of breaking off a 200.
    blocks = telling(chain([next(source, b"")], source))
    content = Closing(gzipped(blocks) if gzip else blocks, source)
    response = StreamingHttpResponse(content, content_type=CONTENT_TYPES[wanted.format])
    name = (
        f"{slugify(project.name)[:60] or 'project'}-{wanted.per}s-{timezone.now():%Y-%m-%d}.{wanted.format}"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept-Encoding"
    if gzip:
        response["Content-Encoding"] = "gzip"
    return response


urlpatterns = [path("projects/<int:project_id>/annotations/", Annotations.as_view(), name="annotations")]
