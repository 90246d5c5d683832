"""Files as request bodies, refused by their announced size before a byte of them is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser

_CHUNK = 2**20
# For the boundaries and the other fields of a form.
_MARGIN = 2**20


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"

    def __init__(self) -> None:
        super().__init__(
            f"The file is larger than {settings.MAX_UPLOAD_MB:,} MB. Split it, or pack it as Parquet."
        )


class FormWithFile(MultiPartParser):
    """multipart/form-data."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles[Any, Any]:
        _check_length(parser_context)
        return super().parse(stream, media_type, parser_context)


class JsonLinesFile(BaseParser):
    """JSON Lines as the body itself; everything else stands in the query string."""

    media_type = "application/x-ndjson"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        size = _check_length(parser_context)
        file = TemporaryUploadedFile("rows.jsonl", self.media_type, size, None)
        while chunk := stream.read(_CHUNK):
            file.write(chunk)
        file.size = file.tell()
        file.seek(0)
        asked = parser_context["request"].query_params.dict() if parser_context else {}
        return {**asked, "file": file}


def _check_length(parser_context: Mapping[str, Any] | None) -> int:
    try:
        length = int((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0)
    except (ValueError, KeyError):
        length = 0
    if length > settings.MAX_UPLOAD_MB * 2**20 + _MARGIN:
        raise TooLarge
    return length
