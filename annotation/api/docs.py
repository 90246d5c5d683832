"""How problem documents look in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from annotation.api.problems import PROBLEM_TYPE


class FaultView(serializers.Serializer[Any]):
    path = serializers.ListField(
        child=serializers.JSONField(), help_text="Keys and positions that lead to the fault."
    )
    message = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable; made for programs.")
    detail = serializers.CharField(help_text="A sentence; made for people.")
    errors = FaultView(many=True, required=False)  # type: ignore[assignment]


_MEANING = {
    400: "The request has faults.",
    401: "Not signed in, or the token is wrong or has expired.",
    403: "Your role does not include this.",
    404: "Not there, or not yours to see.",
    409: "The state has moved on.",
    410: "It was there and is no longer.",
    412: "It is not the one that If-Match names.",
    413: "Too large.",
    415: "This content type is not read here.",
    416: "Nothing lies in the range that was asked for.",
    429: "Too many tries; see Retry-After.",
    503: "Something that this needs cannot be reached now.",
}


def PROBLEMS(*statuses: int) -> dict[Any, OpenApiResponse]:
    """The problem responses for these statuses; 415 goes with 400, for both come from a body."""
    chosen = {*statuses, *({415} if 400 in statuses else set())}
    return {
        (status, PROBLEM_TYPE): OpenApiResponse(Problem, description=_MEANING[status])
        for status in sorted(chosen)
    }


def FILE(status: int, description: str, *content_types: str) -> dict[Any, OpenApiResponse]:
    """A response that is a file of one of these types. The first one told is what generators of clients know as bytes."""
    kinds = dict.fromkeys(["application/octet-stream", *(kind.partition(";")[0] for kind in content_types)])
    return {(status, kind): OpenApiResponse(OpenApiTypes.BINARY, description=description) for kind in kinds}
