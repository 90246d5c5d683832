"""RFC 9457 problem documents, each with a stable `code`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from annotation.errors import DomainError

PROBLEM_TYPE = "application/problem+json"


def problem(status: int, code: str, detail: str, *, errors: list[dict[str, Any]] | None = None) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    response = Response(body, status=status, content_type=PROBLEM_TYPE)
    response.exception = True
    return response


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: domain errors, DRF's own and Django's become problems; bugs stay bugs (500)."""
    match error:
        case DomainError():
            faults = [fault.as_json() for fault in error.faults]
            return problem(error.status, error.code, str(error), errors=faults)
        case exceptions.ValidationError():
            errors = list(_flatten(error.get_full_details(), ()))
            return problem(400, "invalid", "The request has faults; see errors.", errors=errors)
        case Http404():
            return problem(404, "not_found", "There is nothing here that you may see.")
        case PermissionDenied():
            return problem(403, "not_allowed", "Your role does not include this.")
        case exceptions.APIException():
            return _from_drf(error)
    return None


def _from_drf(error: exceptions.APIException) -> Response:
    detail = error.detail if isinstance(error.detail, str) else str(error.detail)
    response = problem(error.status_code, str(error.default_code), detail)
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait) + 1)
    return response


def _flatten(details: Any, path: tuple[str | int, ...]) -> Any:
    """DRF's nested details as a flat list of {path, message}."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        yield {"path": list(path), "message": str(details["message"])}
    elif isinstance(details, dict):
        for key, value in details.items():
            yield from _flatten(value, path if key == "non_field_errors" else (*path, key))
    elif isinstance(details, list):
        single = all(isinstance(value, dict) and set(value) == {"message", "code"} for value in details)
        for position, value in enumerate(details):
            yield from _flatten(value, path if single else (*path, position))
