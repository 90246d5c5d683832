"""A pytest run has services of its own, and even a killed one leaves nothing for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from config.embedded import pytest_plugin
from tests.config.processes import ROOT, using, wait_for

GIVEN = ("DATABASE_URL", "REDIS_URL", "QUERENT_DATA_DIR", "PYTEST_XDIST_WORKER")
START = "import config.embedded.pytest_plugin, os; print(os.environ['QUERENT_DATA_DIR'], flush=True); input()"


def test_services_of_a_killed_run_end_and_the_next_run_cleans_up() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in GIVEN}
    with subprocess.Popen(
        [sys.executable, "-c", START],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout
        directory = Path(run.stdout.readline().strip())
        assert using(directory)
        run.kill()
    wait_for(lambda: not using(directory))
    os.utime(directory, (0, 0))

    pytest_plugin._remove_leftovers()

    assert not directory.exists()


def test_services_that_are_given_are_used() -> None:
    code = "import config.embedded.pytest_plugin, os; print(os.environ['DATABASE_URL'])"
    environment = {**os.environ, "DATABASE_URL": "postgresql://elsewhere/x", "REDIS_URL": "redis://elsewhere"}
    environment.pop("PYTEST_XDIST_WORKER", None)

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert done.stdout == "postgresql://elsewhere/x\n"
