"""A Redis of its own for each test, by name; and a server that can be told what to do."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.conf import settings
from redis import Redis

from tests.labelmodel.endpoints.stub import Stub, serving


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as found:
        yield found
        found.connection_pool.disconnect()


@pytest.fixture
def name(redis: Redis) -> Iterator[str]:
    """The id of an endpoint that no other test uses."""
    made = uuid.uuid4().hex
    yield made
    if names := list(redis.scan_iter(match=f"querent:endpoint:{{{made}}}*", count=10_000)):
        redis.delete(*names)


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as found:
        yield found
