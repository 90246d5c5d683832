"""Celery finds its broker, threads find the app, and a dead broker spoils no request."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from celery import current_app

from config.celery import BEAT_SCHEDULE, QUEUES, app, celery_url
from tests.config.processes import ROOT


@pytest.mark.parametrize(
    ("ours", "celerys"),
    [
        ("unix:///run/r.sock?db=3", "redis+socket:///run/r.sock?virtual_host=3"),
        ("unix:///run/r.sock", "redis+socket:///run/r.sock?virtual_host=0"),
        ("redis://redis:6379/0", "redis://redis:6379/0"),
        ("amqp://rabbit//", "amqp://rabbit//"),
    ],
)
def test_addresses_of_sockets_are_translated(ours: str, celerys: str) -> None:
    assert celery_url(ours) == celerys


def test_threads_find_this_app() -> None:
    names: list[str] = []
    thread = threading.Thread(target=lambda: names.append(current_app.main))
    thread.start()
    thread.join()

    assert names == ["querent"]


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()

    assert {entry["task"] for entry in BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_only_json_is_accepted() -> None:
    assert app.conf.accept_content == ["json"]


def test_dead_broker_spoils_no_request(tmp_path: Path) -> None:
    code = (
        "import django; django.setup(); from config.celery import app; from annotation.tasks import sweep; "
        "sweep.delay_on_commit(); print('went on')"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "REDIS_URL": f"unix://{tmp_path}/none.sock?db=0",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30
    )

    assert done.stdout == "went on\n", done.stderr


def test_every_route_is_of_a_task_that_there_is_to_a_queue_that_workers_read() -> None:
    app.loader.import_default_modules()
    routes = app.conf.task_routes

    assert set(routes) <= set(app.tasks)
    assert {route["queue"] for route in routes.values()} <= set(QUEUES)
