"""Processes of an earlier run whose supervisor was killed: find them, and end them before the next run begins."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import psutil

from config.embedded.programs import EmbeddedError

# Set for the Python processes of a run; its value is the data directory.
MARK = "QUERENT_RUN_ON"


def end_marked(data_dir: Path) -> int:
    """End whatever still carries this directory's mark; returns how many that were. The caller holds the lock."""
    everybody = psutil.process_iter()
    found = [process for process in everybody if process.pid != os.getpid() and _marked(process, data_dir)]
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(found, timeout=5)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    return len(found)


def _marked(process: psutil.Process, data_dir: Path) -> bool:
    try:
        return bool(process.environ().get(MARK) == str(data_dir))
    except (psutil.Error, OSError):
        return False  # ended since, or somebody else's


def stop_orphan(
    pid_file: Path, *, executable: str, cwd: Path, signals: tuple[tuple[signal.Signals, float], ...]
) -> None:
    """End the process of an earlier, killed supervisor, if the file still names one; never a process that merely got
    the same number since: name and working directory must match."""
    process = _running(pid_file, executable=executable, cwd=cwd)
    for wanted, seconds in (*signals, (signal.SIGKILL, 10.0)):
        if process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            process.send_signal(wanted)
            process.wait(seconds)
        process = _running(pid_file, executable=executable, cwd=cwd)
    if process is not None:
        raise EmbeddedError(f"{executable} (process {process.pid}) from an earlier run cannot be stopped")


def _running(pid_file: Path, *, executable: str, cwd: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        same = process.name() == executable and Path(process.cwd()) == cwd.resolve()
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return None
    except psutil.AccessDenied:
        return None
    return process if same and process.status() != psutil.STATUS_ZOMBIE else None
