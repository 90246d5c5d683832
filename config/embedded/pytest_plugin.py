"""One disposable PostgreSQL and Redis for a whole pytest run, xdist's processes included.

Loaded by `-p config.embedded.pytest_plugin` because Django's settings read the addresses before any conftest.py exists.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from config.embedded.paths import sole_use
from config.embedded.programs import EmbeddedError
from config.embedded.services import remove_runtime_dir, services

_PREFIX = "querent-tests-"


def _start(stack: ExitStack) -> None:
    """Start them and tell this process and its children by the environment; a kill -9 of this process ends them too."""
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    directory.chmod(0o755)  # root hands PostgreSQL to another user, who has to get in
    (directory / "static").mkdir()
    stack.callback(shutil.rmtree, directory, ignore_errors=True)
    os.environ["QUERENT_DATA_DIR"] = str(directory)
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    os.environ.setdefault("HTTPS", "false")
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        os.environ.update(stack.enter_context(services(directory, durable=False)))


def _remove_leftovers() -> None:
    """Remove the directories of runs that were killed; the age spares one that has not taken its lock yet."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(EmbeddedError, OSError):
            if time.time() - path.stat().st_mtime > 600:
                with sole_use(path):
                    remove_runtime_dir(path)
                    shutil.rmtree(path)


def _divide(worker: str) -> None:
    """Give each worker of xdist what one's clearing or counting must not change for another: a pair of Redis databases
    (queue and cache) and a folder of metrics."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(Path(os.environ["QUERENT_DATA_DIR"]) / f"metrics-{worker}")
    if os.environ["REDIS_URL"].endswith("?db=0"):
        number = int(worker.removeprefix("gw"))
        os.environ["REDIS_URL"] = os.environ["REDIS_URL"].removesuffix("0") + str(2 * number + 2)


# At import: nothing of pytest's own runs earlier in the process that reads the settings first. A worker of xdist is a
# child that inherits the addresses, and so starts nothing.
if _worker := os.environ.get("PYTEST_XDIST_WORKER"):
    _divide(_worker)
else:
    _remove_leftovers()
    _services = ExitStack()
    atexit.register(_services.close)
    _start(_services)
