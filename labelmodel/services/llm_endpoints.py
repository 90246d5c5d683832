"""The endpoints that the operator configured, for functions that ask language models.

Keys stay in the environment (or in a file that it names): no table, no page and no Redis holds one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from redis import Redis

from annotation.errors import Fault, InvalidInput
from labelmodel.endpoints.configured import Configured, Misconfigured, read

if TYPE_CHECKING:
    from labelmodel.endpoints.source import Source

KIND = "endpoint"
_REDIS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Asking:
    """How long somebody may be asked at a time, and whether meanwhile it is not wanted any more."""

    cancelled: Callable[[], bool] = lambda: False
    most_seconds: float = math.inf


PATIENT = Asking()


def configured() -> dict[str, Configured]:
    """All of them, by name. Raises ImproperlyConfigured."""
    try:
        return read(settings.LLM_ENDPOINTS, allow_private=settings.LLM_ALLOW_PRIVATE)
    except Misconfigured as error:
        raise ImproperlyConfigured(f"LLM_ENDPOINTS is wrong. {error}") from error


def register() -> None:
    """Add the kind of labeling function that asks them."""
    # It registers itself. Nothing is taken from it here: it may be what is just being imported.
    import labelmodel.endpoints.kind  # noqa: F401


def check_named(*, project_id: int, kind: str, definition: Mapping[str, Any]) -> None:
    """Raises InvalidInput where a definition names an endpoint that the project may not use."""
    if kind == KIND:
        _named(project_id, definition)


def resources(
    *, project_id: int, kind: str, definition: Mapping[str, Any], asking: Asking = PATIENT
) -> dict[str, Any]:
    """What such a function needs besides its definition. Raises InvalidInput."""
    return {"endpoint": source_of(_named(project_id, definition), asking)} if kind == KIND else {}


def source_of(one: Configured, asking: Asking = PATIENT) -> Source:
    """What it takes to ask this endpoint."""
    from labelmodel.endpoints.answers import RedisAnswers
    from labelmodel.endpoints.client import PATIENCE
    from labelmodel.endpoints.pool import Pool
    from labelmodel.endpoints.source import Source

    # A request that nobody settles is given up when it cannot be under way any more.
    pool = Pool(redis(), one.name, one.keys, patience=PATIENCE.altogether + 60)
    answers = RedisAnswers(redis(), one.name)
    return Source(one.endpoint, pool, answers, cancelled=asking.cancelled, most_seconds=asking.most_seconds)


@cache
def redis() -> Redis:
    """The connection that the pools of this process share."""
    return Redis.from_url(
        settings.REDIS_URL, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS
    )


def _named(project_id: int, definition: Mapping[str, Any]) -> Configured:
    name = definition.get("endpoint")
    usable = {one.name: one for one in configured().values() if one.serves(project_id)}
    if name not in usable:
        known = ", ".join(f"“{one}”" for one in usable) or "none; the operator configures them"
        message = f"There is no endpoint “{str(name)[:100]}” that this project may use. There are: {known}."
        raise InvalidInput(message, faults=[Fault(("definition", "endpoint"), message)])
    return usable[name]
