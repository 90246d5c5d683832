"""Find, watch and end processes that a test started."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent


def wait_for(condition: Callable[[], object], *, seconds: float = 120.0) -> None:
    """Return when it holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def using(path: Path) -> list[psutil.Process]:
    """Processes that work in this directory or name it in their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            named = str(path) in " ".join(process.cmdline())
            if named or str(path) in process.cwd():
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return [process for process in found if process.pid != os.getpid()]


@contextmanager
def serving(
    data_dir: Path, *, python: str = sys.executable, **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """Run tests.config.serve on this directory; the block begins when its services answer."""
    with subprocess.Popen(
        [python, "-m", "tests.config.serve", str(data_dir)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_paths()["purelib"]])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    ) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("{")
        yield process
