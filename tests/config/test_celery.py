"""Celery finds its broker, threads find the app, and a dead broker spoils no request."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml
from celery import current_app

from config.celery import BEAT_SCHEDULE, QUEUES, app, celery_url
from config.embedded import demo
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


def test_what_comes_gets_its_votes_in_a_queue_of_its_own() -> None:
    names = ("sweep_functions", "look_for_items", "sweep_probable", "judge_items")

    there = {name for name, route in app.conf.task_routes.items() if route["queue"] == "votes"}

    assert there == {f"labelmodel.tasks.{name}" for name in names}


def test_every_queue_is_read_and_that_of_what_comes_by_none_that_learns() -> None:
    compose = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
    workers = [" ".join(one.get("command", ())) for one in compose.values() if one["image"] == "querent"]
    told = [*workers, Path(demo.__file__).read_text().replace('", "', " ")]

    for text in ("\n".join(workers), told[-1]):
        read = [set(named.split(",")) for named in re.findall(r"-Q ([a-z,]+)", text)]
        assert set().union(*read) == set(QUEUES)
        assert not any("votes" in one and one & {"scoring", "training"} for one in read)


def test_every_route_is_of_a_task_that_there_is_to_a_queue_that_workers_read() -> None:
    app.loader.import_default_modules()
    routes = app.conf.task_routes

    assert set(routes) <= set(app.tasks)
    assert {route["queue"] for route in routes.values()} <= set(QUEUES)
