"""Which components work, why the others do not, and since when."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from redis import RedisError

from config import heartbeats

_BANNER_SECONDS = 5.0
_MESSAGES = {
    "database": "The database does not answer; nothing can be saved until it is back.",
    "broker": "The message broker does not answer; imports start when it is back. Labeling goes on.",
    "workers": "No worker is running; imports and rounds wait.",
    "beat": "The scheduler is not running; expired reservations and waiting imports are picked up late.",
}
UNSERVED = "no worker reads the queue"
# When each failure was first seen by this process, for components that leave no trace of their own.
_first_failures: dict[str, datetime] = {}
_banner_cache: tuple[float, list[str]] = (0.0, [])


@dataclass(frozen=True)
class Component:
    """`since`: the last sign of life where one is known, else when this process first saw the failure."""

    name: str
    ok: bool
    reason: str = ""
    since: datetime | None = None


def components() -> list[Component]:
    """Check each; takes two to three seconds at worst, when a service hangs rather than refuses."""
    broker = _check("broker", _ping_broker)
    checked = [_check("database", _ping_database), broker]
    if broker.ok:
        return [*checked, _check("workers", _hear_workers), _check("beat", _hear_beat)]
    unknown = "not known while the broker does not answer"
    return [*checked, *(Component(name, False, unknown, broker.since) for name in ("workers", "beat"))]


def messages() -> list[str]:
    """What a page says about components that are down; empty when all is well. Asked again every few seconds only."""
    global _banner_cache
    asked_at, found = _banner_cache
    if time.monotonic() - asked_at > _BANNER_SECONDS or not asked_at:
        down = [component for component in components() if not component.ok]
        broker = any(one.name == "broker" for one in down)
        # With the broker down, nothing is known of what lies behind it.
        found = [_told(one) for one in down if not broker or one.name not in {"workers", "beat"}]
        _banner_cache = (time.monotonic(), found)
    return found


def _told(component: Component) -> str:
    # Some workers are there, and what they leave undone is known.
    if component.reason.startswith(UNSERVED):
        return f"N{component.reason[1:]}; what belongs there waits."
    return _MESSAGES[component.name]


def live(request: HttpRequest) -> HttpResponse:
    """Whether this process answers at all."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse:
    """200 when everything works, 503 with the reasons when something does not."""
    found = components()
    ok = all(component.ok for component in found)
    body: dict[str, Any] = {"status": "ok" if ok else "failed"}
    body["components"] = {component.name: _describe(component) for component in found}
    response = JsonResponse(body, status=200 if ok else 503, headers={"Cache-Control": "no-store"})
    # Django logs each 503 as an error of ours; whoever asks every few seconds reads it in the answer.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def banner(request: HttpRequest) -> HttpResponse:
    """The messages as a fragment for pages."""
    return render(request, "config/banner.html", {"messages_of_health": messages()})


def _describe(component: Component) -> dict[str, Any]:
    described = {
        name: value for name, value in asdict(component).items() if value and name not in {"name", "ok"}
    }
    return {"status": "ok" if component.ok else "failed", **described}


def _check(name: str, test: Callable[[], Component | None]) -> Component:
    """Run one test; what it returns or raises says what is wrong."""
    try:
        failure = test()
    except (psycopg.Error, RedisError, OSError) as error:
        failure = Component(name, False, " ".join(str(error).split()) or type(error).__name__)
    if failure is None:
        _first_failures.pop(name, None)
        return Component(name, True)
    first_seen = _first_failures.setdefault(name, datetime.now(UTC))
    return Component(name, False, failure.reason, failure.since or first_seen)


def _ping_database() -> None:
    # A connection of its own: the request's may be in use, broken, or waiting.
    parameters = settings.DATABASES["default"]
    given = parameters["OPTIONS"]
    limited = f"{given.get('options', '')} -c statement_timeout=2000"
    with psycopg.connect(
        dbname=parameters["NAME"],
        user=parameters["USER"] or None,
        password=parameters["PASSWORD"] or None,
        host=parameters["HOST"] or None,
        port=parameters["PORT"] or None,
        **(given | {"options": limited, "connect_timeout": 2}),
    ) as connection:
        connection.execute("SELECT 1")


def _ping_broker() -> None:
    heartbeats.client().ping()


def _hear_workers() -> Component | None:
    from config.celery import QUEUES

    heard = heartbeats.signs("worker")
    served = {queue for sign in heard if sign.fresh for queue in sign.queues}
    last = heard[0].at if heard else None
    if not served:
        return Component("workers", False, "no worker is running", last)
    unserved = [queue for queue in QUEUES if queue not in served]
    if unserved:
        return Component("workers", False, f"{UNSERVED} {', '.join(unserved)}")
    return None


def _hear_beat() -> Component | None:
    heard = heartbeats.signs("beat")
    if any(sign.fresh for sign in heard):
        return None
    return Component("beat", False, "beat is not running", heard[0].at if heard else None)
