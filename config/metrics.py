"""What Prometheus reads: figures of every process on this machine, merged, and figures of the whole installation."""

from __future__ import annotations

import hmac
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

from config.metrics_gauges import Installation

# Each process writes files of its own here and whoever is scraped merges them. The host is part of their names, as
# containers that share the folder all have a process 1.
_DIRECTORY = Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR") or settings.DATA_DIR / "metrics")
_DIRECTORY.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_DIRECTORY)
_HOST = socket.gethostname().replace("_", "-")
values.ValueClass = values.MultiProcessValue(lambda: f"{_HOST}-{os.getpid()}")  # type: ignore[no-untyped-call]

_own = CollectorRegistry()
REQUEST_SECONDS = Histogram(
    "querent_request_seconds",
    "Time to answer a request, by the name of its route.",
    ["route", "method", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=_own,
)
ERRORS = Counter(
    "querent_errors",
    "Exceptions that no code expected, by route and type.",
    ["route", "exception"],
    registry=_own,
)
TASK_SECONDS = Histogram(
    "querent_task_seconds",
    "Time that workers took for a task.",
    ["task", "state"],
    buckets=(0.01, 0.05, 0.25, 1, 5, 30, 120, 600, 3600),
    registry=_own,
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# What Django answers with 400, 403 or 404: said to the person, and no error of ours.
_SAID = (BadRequest, Http404, MultiPartParserError, PermissionDenied, SuspiciousOperation)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})


class MetricsMiddleware:
    """Goes first in MIDDLEWARE, so that it measures all of them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        # labels() costs more than observe(); the combinations are few: routes x methods x status classes.
        self.children: dict[tuple[str, str, int], Histogram] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        self._observe(request, response.status_code // 100, time.perf_counter() - start)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if not isinstance(exception, _SAID):
            ERRORS.labels(_route(request), type(exception).__name__).inc()

    def _observe(self, request: HttpRequest, status: int, seconds: float) -> None:
        # A method is the client's to invent; it must not make a series each.
        method = request.method if request.method in _METHODS else "other"
        key = (_route(request), method, status)
        child = self.children.get(key)
        if child is None:
            child = self.children[key] = REQUEST_SECONDS.labels(key[0], method, f"{status}xx")
        child.observe(seconds)


def _route(request: HttpRequest) -> str:
    match = request.resolver_match
    return match.view_name or match.route if match else "none"


def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus on this machine, or with `Authorization: Bearer` and METRICS_TOKEN."""
    if not _may_read(request):
        return HttpResponse(
            "Set METRICS_TOKEN and send it as a bearer token.\n", status=403, content_type="text/plain"
        )
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(_DIRECTORY))  # type: ignore[no-untyped-call]
    registry.register(_installation)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


_installation = Installation()


def _may_read(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    # Behind a proxy on this machine every visitor comes from loopback.
    proxied = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return request.META.get("REMOTE_ADDR") in _LOOPBACK and not proxied
