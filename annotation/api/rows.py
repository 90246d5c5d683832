"""Many rows as one request body, as NDJSON or a JSON list; and rows as NDJSON in answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.formats import OPTIONS
from annotation.importing.records import Refused

NDJSON = "application/x-ndjson"


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "too_large"

    def __init__(self) -> None:
        super().__init__(
            f"The body is larger than {settings.MAX_PUSH_MB:,} MB. Send the rows in several calls, each with fewer of them."
        )


class NdjsonRows(BaseParser):
    """One JSON value on each line; lines that are none are refused by themselves."""

    media_type = NDJSON

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        lines = _read(stream, parser_context).split(b"\n")
        return [_value(line) for line in lines if line and not line.isspace()]


class JsonRows(BaseParser):
    """A list of JSON values."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            rows = orjson.loads(_read(stream, parser_context) or b"[]")
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}") from error
        if not isinstance(rows, list):
            raise ParseError("The body is a list of rows: [{...}, ...].")
        return rows


def _read(stream: IO[Any], parser_context: Mapping[str, Any] | None) -> bytes:
    """The body, refused by its announced size before a byte of it is kept, and never more of it than that."""
    most = settings.MAX_PUSH_MB * 2**20
    announced = str((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0)
    if announced.isdecimal() and int(announced) > most:
        raise BodyTooLarge
    body: bytes = stream.read(most + 1)
    if len(body) > most:
        raise BodyTooLarge
    return body


def _value(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Refused(f"The line is not JSON: {error.msg} at character {error.pos + 1}.")


class NdjsonRenderer(BaseRenderer):
    """The rows of a list, one on each line. What follows stands in the header Link."""

    media_type = NDJSON
    format = "ndjson"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if not isinstance(data, dict) or "results" not in data:
            return b"" if data is None else orjson.dumps(data, option=OPTIONS)
        option = OPTIONS | orjson.OPT_APPEND_NEWLINE
        return b"".join(orjson.dumps(row, option=option) for row in data["results"])


def rows_of(request: Request, page: dict[str, Any]) -> Response:
    """A page of rows with the link to the next one, in the body or, where that has only rows, in the header."""
    following = page.get("next")
    return Response(page, headers={"Link": f'<{following}>; rel="next"'} if following else None)


ROWS_AS_BODY = "application/x-ndjson: one object on each line; application/json: a list of them."
REPORT = OpenApiParameter(
    "report",
    str,
    enum=["all", "faults"],
    description="Whether `results` tells of every row (unless told) or only of those that were refused.",
)
