"""Health says at once what is down and why, and never hangs with it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from config import health, heartbeats
from config.celery import QUEUES


@pytest.fixture(autouse=True)
def _asked_afresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    heartbeats.client.cache_clear()
    heartbeats.client().delete("querent:alive:worker", "querent:alive:beat")
    monkeypatch.setattr(health, "_banner_cache", (0.0, []))
    monkeypatch.setattr(health, "_first_failures", {})
    yield
    heartbeats.client.cache_clear()


@pytest.fixture
def everything_runs() -> None:
    heartbeats.give("worker", "celery@here", QUEUES)
    heartbeats.give("beat", "beat@here")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def no_database(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", str(tmp_path))


def found() -> dict[str, health.Component]:
    return {component.name: component for component in health.components()}


@pytest.mark.usefixtures("everything_runs")
def test_ready_when_everything_works(client: Client) -> None:
    response = client.get("/health/ready")

    assert response.status_code == 200, response.content
    assert {part["status"] for part in response.json()["components"].values()} == {"ok"}
    assert set(response.json()["components"]) == {"database", "broker", "workers", "beat"}


def test_live_needs_nothing(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere.sock?db=0"

    assert client.get("/health/live").status_code == 200


def test_not_ready_without_worker(client: Client) -> None:
    heartbeats.give("beat", "beat@here")
    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json()["components"]["workers"]["reason"] == "no worker is running"
    assert response.json()["components"]["beat"] == {"status": "ok"}


def test_worker_that_stopped_is_missed_at_once_and_since_then() -> None:
    heartbeats.give("worker", "celery@here", QUEUES)
    assert found()["workers"].ok

    heartbeats.give("worker", "celery@here", QUEUES, stopping=True)

    assert not found()["workers"].ok
    assert found()["workers"].since


def test_queue_that_nobody_reads_is_named() -> None:
    heartbeats.give("worker", "celery@here", ["default", "votes", "scoring"])

    assert found()["workers"].reason == "no worker reads the queue training"


def test_beat_is_missed() -> None:
    assert found()["beat"].reason == "beat is not running"


def test_broker_that_refuses(settings: Any, tmp_path: Path) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/none.sock?db=0"
    heartbeats.client.cache_clear()

    assert "No such file" in found()["broker"].reason
    assert "not known" in found()["workers"].reason
    assert found()["database"].ok


def test_broker_that_hangs_is_left_after_a_second(settings: Any, silent_port: int) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{silent_port}/0"
    heartbeats.client.cache_clear()
    before = time.monotonic()

    assert not found()["broker"].ok
    assert time.monotonic() - before < 5


def test_database_that_refuses(no_database: None) -> None:

    assert "No such file" in found()["database"].reason
    assert found()["broker"].ok


def test_database_that_hangs_is_left_after_two_seconds(
    settings: Any, monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "127.0.0.1")
    monkeypatch.setitem(settings.DATABASES["default"], "PORT", str(silent_port))
    before = time.monotonic()

    assert not found()["database"].ok
    assert time.monotonic() - before < 8


def test_failure_is_dated_from_its_first_sight(no_database: None) -> None:
    first = found()["database"].since

    assert first
    assert found()["database"].since == first


def test_banner_says_what_waits(client: Client) -> None:
    heartbeats.give("beat", "beat@here")

    assert "No worker is running; imports and rounds wait." in client.get("/health/banner").content.decode()


def test_banner_names_the_queue_that_nobody_reads(client: Client) -> None:
    heartbeats.give("beat", "beat@here")
    heartbeats.give("worker", "worker@here", {"default", "votes", "training"})

    said = client.get("/health/banner").content.decode()

    assert "No worker reads the queue scoring; what belongs there waits." in said


@pytest.mark.usefixtures("everything_runs")
def test_banner_is_empty_when_all_is_well(client: Client) -> None:
    assert client.get("/health/banner").content.strip() == b""


def test_banner_blames_the_broker_only_for_what_lies_behind_it(settings: Any, tmp_path: Path) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/none.sock?db=0"
    heartbeats.client.cache_clear()

    assert [message.split(" does")[0] for message in health.messages()] == ["The message broker"]
