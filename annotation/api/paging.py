"""Lists page by key: `?after=<id>&limit=<n>`; no page costs more than the first."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from annotation.api.base import check_names

LARGEST_PAGE = 500


class PageRequest(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, max_value=2**63 - 1, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)


PAGE_PARAMETERS = [
    OpenApiParameter("after", int, description="Only rows with a larger id."),
    OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 100 unless told."),
]


def query(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The query string as this serializer reads it; raises ValidationError with the parameter of each fault."""
    form = serializer(data=request.query_params)
    form.is_valid(raise_exception=True)
    check_names(request.query_params, form.fields)
    return dict(form.validated_data)


def following_url(request: Request, after: object) -> str | None:
    """The same request for what comes after this key; None when nothing does."""
    if after is None:
        return None
    kept = {name: value for name, value in request.query_params.items() if name != "after"}
    return request.build_absolute_uri(f"{request.path}?{urlencode({**kept, 'after': after})}")


def paged(
    *,
    request: Request,
    rows: list[Any],
    limit: int,
    view: type[serializers.Serializer[Any]],
    key: str = "pk",
    context: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One page from `limit + 1` rows, of which the last only says that there is more."""
    shown = rows[:limit]
    following = following_url(request, getattr(shown[-1], key) if len(rows) > limit else None)
    results = view(shown, many=True, context={"request": request, **(context or {})}).data
    return {"results": results, "next": following}
