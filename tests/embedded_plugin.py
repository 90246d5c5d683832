"""One disposable PostgreSQL and Redis for a whole pytest run, xdist's processes included.

Loaded by `-p tests.embedded_plugin` because Django's settings read the addresses before any conftest.py exists.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.embedded.services import services

_stack = ExitStack()


def _start() -> None:
    """Start them and tell this process and its children by the environment; a kill -9 of this process ends them too."""
    directory = Path(tempfile.mkdtemp(prefix="querent-tests-"))
    directory.chmod(0o755)  # root hands PostgreSQL to another user, who has to get in
    _stack.callback(shutil.rmtree, directory, ignore_errors=True)
    os.environ["QUERENT_DATA_DIR"] = str(directory)
    os.environ.update(_stack.enter_context(services(directory, durable=False)))


# At import: nothing of pytest's own runs earlier than this in the process that reads the settings first.
# A worker of xdist is a child that inherits the addresses, and so starts nothing.
if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    _start()


def pytest_unconfigure(config: pytest.Config) -> None:
    _stack.close()
