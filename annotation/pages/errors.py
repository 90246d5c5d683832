"""Error pages: what happened and what to do next. Programs under /api/ get a problem document instead."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from annotation.errors import NotAllowed


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "errors/csrf.html", {"reason": reason}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _problem(request, 400, "invalid") or render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    # What the domain refuses is up to the member's role; Django's own refusals and those of accounts are not.
    context = {"reason": str(exception), "by_role": isinstance(exception.__cause__, NotAllowed)}
    return _problem(request, 403, "not_allowed") or render(request, "errors/403.html", context, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _problem(request, 404, "not_found") or render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return _problem(request, 500, "server_error") or render(request, "errors/500.html", status=500)


_DETAILS = {
    400: "The request cannot be read.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    500: "Something went wrong here, not with your request. It has been logged.",
}


def _problem(request: HttpRequest, status: int, code: str) -> HttpResponse | None:
    """For what fails before or outside a REST view, such as an address that does not exist."""
    if not request.path.startswith("/api/"):
        return None
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    return JsonResponse(
        {**body, "detail": _DETAILS[status]}, status=status, content_type="application/problem+json"
    )
