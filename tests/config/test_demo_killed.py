"""Loading the demo: killed in the middle, and where real people are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest
from django.core.management.base import CommandError
from django.db import connection

from annotation.models import Item, Project
from config.demo.loading import load
from tests.config.processes import ROOT, wait_for
from tests.factories import make_user
from tests.invariants import assert_slots_add_up

ROWS = 900


@pytest.mark.django_db
def test_real_accounts_are_left_alone() -> None:
    make_user("Manager")

    with pytest.raises(CommandError, match="real accounts called manager"):
        load(say=lambda line: None, rows=10)


def _command() -> subprocess.Popen[str]:
    database = connection.settings_dict["NAME"]
    url = os.environ["DATABASE_URL"].replace("/querent?", f"/{database}?")
    return subprocess.Popen(
        [sys.executable, "manage.py", "load_demo", "--rows", str(ROWS)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "QUERENT_DEMO": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def _kill_after(line: str) -> None:
    with _command() as process:
        assert process.stdout
        assert any(line in said for said in process.stdout), f"it never said {line!r}"
        helpers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    wait_for(lambda: not any(helper.is_running() for helper in helpers))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_load_is_continued_by_the_next() -> None:
    for line in (
        "reading documentation",
        "importing digits.zip",
        "importing docstrings.jsonl",
        "simulating two weeks",
    ):
        _kill_after(line)
    with _command() as process:
        process.communicate()

    assert process.returncode == 0
    assert Project.objects.filter(demo=True).count() == 2
    assert Item.objects.count() == 2 * ROWS
    for project in Project.objects.all():
        assert_slots_add_up(project)
        assert project.annotations.exists()
